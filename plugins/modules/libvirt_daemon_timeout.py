#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module for the idle timeout of libvirt daemons."""

from __future__ import annotations

DOCUMENTATION = r"""
module: libvirt_daemon_timeout
short_description: Set the idle time of a running libvirt daemon
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Changes the time after which a running daemon ends itself when it has no clients and no guests to look after.
  - Set it only for a daemon that is started on demand by its sockets, else nobody starts it again.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.connection
  - virtmap.core.libvirt_daemon
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The current value cannot be read.
options:
  idle_timeout:
    description: Seconds without clients and guests after which the daemon ends itself; V(0) means never.
    type: int
    required: true
  daemon_server:
    description:
      - The timeout belongs to the daemon as a whole, so this makes no difference here.
notes:
  - The value cannot be read back, so each run sets it and is reported as a change.
  - The daemon has to run libvirt 8.6 or newer.
  - The configuration files have no key for it; the daemons take it as the option C(--timeout) of their command line.
seealso:
  - module: virtmap.core.libvirt_daemon_info
"""

EXAMPLES = r"""
- name: Keep the daemon running
  virtmap.core.libvirt_daemon_timeout:
    uri: virtqemud:///system
    idle_timeout: 0
  become: true
"""

RETURN = r"""
idle_timeout:
  description: The seconds that were set, or would be in check mode.
  returned: success
  type: int
  sample: 0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.connection import connect
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.limits import MOST_IDLE_SECONDS, check_range
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.options import CONNECTION
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run

OPTIONS = OptionGroup({"idle_timeout": {"type": "int", "required": True}}) + CONNECTION


def work(module: AnsibleModule, warn: Warn) -> dict[str, object]:
    """Do the work of the module."""
    run = Run.of(module, warn)
    seconds = run.options["idle_timeout"]
    check_range("idle_timeout", seconds, MOST_IDLE_SECONDS)
    with connect(run.uri, run.timeout) as daemon:
        if not run.check_mode:
            daemon.set_idle_timeout(seconds)
    return {"changed": True, "idle_timeout": seconds}


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
