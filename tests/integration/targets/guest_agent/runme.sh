#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors

set -eux

# A task in a guest without hardware virtualization takes seconds: the fewer steps of ssh, the better.
export ANSIBLE_ROLES_PATH=.. ANSIBLE_PIPELINING=true ANSIBLE_SSH_ARGS="-o ControlMaster=auto -o ControlPersist=600s"
ansible-playbook test.yml "$@"
