#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors

set -euo pipefail

# The test runs in a copy of the targets; the lab is in the collection itself.
PYTHONPATH="${ANSIBLE_COLLECTIONS_PATH}" exec python events.py
