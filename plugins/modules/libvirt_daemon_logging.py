#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module for the logging of libvirt daemons."""

from __future__ import annotations

DOCUMENTATION = r"""
module: libvirt_daemon_logging
short_description: Set the logging of a running libvirt daemon
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Changes log filters and log outputs without a restart of the daemon.
  - Filters and outputs are compared in their meaning, as a daemon gives them back in another form than it took them.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.connection
  - virtmap.core.libvirt_daemon
  - virtmap.core.libvirt_daemon.persist
attributes:
  check_mode:
    support: full
    details:
      - Whether outputs that look like a built-in default are one cannot be known, so with an empty list of O(outputs)
        such ones are taken for it.
  diff_mode:
    support: full
options:
  filters:
    description:
      - All log filters, as C(LEVEL:MATCH). The level is V(1) (debug) to V(4) (error); the match is a part of the name
        of libvirt's source file.
      - The first filter that matches decides, so their order counts. An empty list takes all filters away.
    type: list
    elements: str
  outputs:
    description:
      - All log outputs, as V(LEVEL:stderr), V(LEVEL:journald), V(LEVEL:syslog:NAME) or V(LEVEL:file:PATH); messages
        below the level are left out.
      - An empty list brings the built-in default of the daemon back.
    type: list
    elements: str
  level:
    description:
      - Log everything from this level on, but for what O(filters), or the current filters when there are none, say
        otherwise.
      - The admin interface cannot set the level as such, so a last filter is put there that matches all. To see debug
        messages an output of level V(1) is needed too.
    type: str
    choices: [debug, info, warning, error]
  state:
    description:
      - V(present) sets what is given.
      - V(default) takes all filters away and brings the built-in output of the daemon back, which is not what its
        configuration file says.
    type: str
    choices: [present, default]
    default: present
  daemon_server:
    description:
      - Logging belongs to the daemon as a whole, so this makes no difference here.
notes:
  - Whether C(journald) or C(syslog) is there is not checked by the daemon.
  - The file of an output is opened by the daemon, as its user; when that fails nothing is changed.
seealso:
  - module: virtmap.core.libvirt_daemon_info
"""

EXAMPLES = r"""
- name: Debug the QEMU driver, and keep the rest quiet
  virtmap.core.libvirt_daemon_logging:
    filters:
      - 1:qemu
      - 3:rpc
    outputs:
      - 1:file:/var/log/libvirt/debug.log
    level: warning
  become: true

- name: Take it all back
  virtmap.core.libvirt_daemon_logging:
    state: default
  become: true
"""

RETURN = r"""
logging:
  description: What is logged after the task, or would be in check mode.
  returned: success
  type: dict
  contains:
    filters:
      description: Filters in their order, in their shortest form; the first one that matches decides.
      type: list
      elements: str
      returned: always
      sample: ["1:qemu", "3:rpc"]
    outputs:
      description:
        - Where the log goes. An empty list stands for the built-in default in check mode, where that cannot be known.
      type: list
      elements: str
      returned: always
      sample: ["2:file:/var/log/libvirt/libvirtd.log"]
persisted:
  description: What became of the configuration file.
  returned: when O(persist=true)
  type: dict
  contains:
    path:
      description: The file, links resolved.
      type: str
      returned: always
      sample: /etc/libvirt/libvirtd.conf
    changed:
      description: Whether it was changed.
      type: bool
      returned: always
      sample: true
    backup_file:
      description: The copy of the file as it was; null when nothing was written.
      type: str
      returned: always
      sample: /etc/libvirt/libvirtd.conf.4711.2026-11-21@08:00:00~
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.log_change import change_logging
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.log_settings import LEVELS
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.options import CONNECTION, PERSIST
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run

OPTIONS = (
    OptionGroup(
        {
            "filters": {"type": "list", "elements": "str"},
            "outputs": {"type": "list", "elements": "str"},
            "level": {"type": "str", "choices": list(LEVELS)},
            "state": {"type": "str", "choices": ["present", "default"], "default": "present"},
        }
    )
    + CONNECTION
    + PERSIST
)


def work(module: AnsibleModule, warn: Warn) -> dict[str, object]:
    """Do the work of the module."""
    return change_logging(Run.of(module, warn))


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
