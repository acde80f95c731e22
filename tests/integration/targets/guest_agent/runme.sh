#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors

set -eux

# A task in a guest without hardware virtualization takes seconds: the fewer steps of ssh, the better.
export ANSIBLE_ROLES_PATH=.. ANSIBLE_PIPELINING=true ANSIBLE_SSH_ARGS="-o ControlMaster=auto -o ControlPersist=600s"

# Whatever happens to the playbook, the guest ends with its laboratory.
GUEST_PID_FILE="${OUTPUT_DIR}/guest.pid"
export GUEST_PID_FILE
end_guest() {
    if [ -s "${GUEST_PID_FILE}" ]; then
        kill "$(cat "${GUEST_PID_FILE}")" 2>/dev/null || true
    fi
}
trap end_guest EXIT

ansible-playbook test.yml "$@"
