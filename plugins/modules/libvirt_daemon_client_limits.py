#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module for the client limits of libvirt daemons."""

from __future__ import annotations

DOCUMENTATION = r"""
module: libvirt_daemon_client_limits
short_description: Set the client limits of a running libvirt daemon
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Changes the limits of a server without a restart of the daemon. Clients that are connected are not affected.
  - A daemon at its limit refuses nobody. It lets new clients wait without a word, so this module guards against
    limits that lock everybody out.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.connection
  - virtmap.core.libvirt_daemon
  - virtmap.core.libvirt_daemon.persist
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  max_clients:
    description: How many clients there may be.
    type: int
  max_unauth_clients:
    description:
      - How many of them may be waiting for authentication. When so many are, clients of every kind have to wait.
      - It must not be greater than O(max_clients). V(0) is no limit of its own.
    type: int
  allow_below_current:
    description: Whether a limit may be lower than the number of clients that are connected now.
    type: bool
    default: false
  allow_zero:
    description:
      - Whether a limit may be V(0), and O(max_clients) of server V(admin) below V(2).
      - With O(max_clients) V(0) for server V(admin) this module cannot connect any more either, until the daemon is
        started again.
    type: bool
    default: false
notes:
  - More than 1,048,576 clients are refused, as each is an open file of the daemon.
  - The configuration files have no key for O(max_unauth_clients) of server V(admin), and that of virtlogd and
    virtlockd for none of theirs.
seealso:
  - module: virtmap.core.libvirt_daemon_info
  - module: virtmap.core.libvirt_daemon_client_disconnect
"""

EXAMPLES = r"""
- name: Take more clients
  virtmap.core.libvirt_daemon_client_limits:
    max_clients: 10000
    max_unauth_clients: 100
  become: true

- name: Let nobody new in during maintenance
  virtmap.core.libvirt_daemon_client_limits:
    max_clients: 0
    max_unauth_clients: 0
    allow_zero: true
    allow_below_current: true
  become: true
"""

RETURN = r"""
client_limits:
  description: The limits after the task; in check mode those that would be set.
  returned: success
  type: dict
  contains:
    max_clients:
      description: How many clients there may be.
      type: int
      returned: when the daemon tells it
      sample: 5000
    clients:
      description: How many clients there are now.
      type: int
      returned: when the daemon tells it
      sample: 12
    max_unauth_clients:
      description: How many of them may be waiting for authentication; V(0) is no limit of its own.
      type: int
      returned: when the daemon tells it
      sample: 20
    unauth_clients:
      description: How many are waiting for it now.
      type: int
      returned: when the daemon tells it
      sample: 0
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
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.connection import AdminConnection
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.limits import (
    MOST_CLIENTS,
    guard_client_limits,
)
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.model import (
    CLIENT_LIMIT_SETTINGS,
    CLIENT_LIMIT_STATE,
)
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.number_change import Subject, change_numbers
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.options import CONNECTION, PERSIST, numbers
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run

OVERRIDES = OptionGroup({name: {"type": "bool", "default": False} for name in ("allow_below_current", "allow_zero")})
OPTIONS = numbers("max_clients", "max_unauth_clients") + OVERRIDES + CONNECTION + PERSIST
CLIENT_LIMITS = Subject(
    name="client_limits",
    settings=CLIENT_LIMIT_SETTINGS,
    state=CLIENT_LIMIT_STATE,
    most=MOST_CLIENTS,
    guard=guard_client_limits,
    read=AdminConnection.client_limits,
    write=AdminConnection.set_client_limits,
)


def work(module: AnsibleModule, warn: Warn) -> dict[str, object]:
    """Do the work of the module."""
    return change_numbers(CLIENT_LIMITS, Run.of(module, warn))


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
