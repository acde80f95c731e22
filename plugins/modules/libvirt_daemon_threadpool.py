#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module for the thread pools of libvirt daemons."""

from __future__ import annotations

DOCUMENTATION = r"""
module: libvirt_daemon_threadpool
short_description: Set the workers of a running libvirt daemon
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Changes the thread pool of a server without a restart of the daemon.
  - To relieve a server whose workers are all stuck raise O(min_workers). New workers are then started at once; with a
    greater O(max_workers) alone they come only when another call arrives.
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
  min_workers:
    description: How many workers are always there. A smaller number does not end workers that are there.
    type: int
  max_workers:
    description: How many workers there may be. It cannot be changed from or to V(0) while the daemon runs.
    type: int
  prio_workers:
    description:
      - How many more workers there are for calls that never wait for a guest, so that looking still works on a jammed
        server.
    type: int
notes:
  - More than 10,000 workers are refused, as each is a thread.
  - O(min_workers) and O(max_workers) are checked against each other, with the current value of the one that is not
    given, before anything is set.
  - The servers of virtlogd and virtlockd have no thread pool.
  - The configuration files have no key for O(prio_workers) of server V(admin).
seealso:
  - module: virtmap.core.libvirt_daemon_info
  - module: virtmap.core.libvirt_daemon_client_limits
"""

EXAMPLES = r"""
- name: Relieve a jammed server
  virtmap.core.libvirt_daemon_threadpool:
    min_workers: 40
    max_workers: 80
  become: true

- name: Have more workers, also after the next start of the daemon
  virtmap.core.libvirt_daemon_threadpool:
    uri: virtqemud:///system
    max_workers: 50
    persist: true
  become: true
"""

RETURN = r"""
threadpool:
  description: The thread pool after the task; in check mode with the numbers that would be set.
  returned: success
  type: dict
  contains:
    min_workers:
      description: How many workers are always there.
      type: int
      returned: when the daemon tells it
      sample: 5
    max_workers:
      description: How many workers there may be.
      type: int
      returned: when the daemon tells it
      sample: 20
    prio_workers:
      description: How many workers there are for calls that never wait for a guest.
      type: int
      returned: when the daemon tells it
      sample: 5
    current_workers:
      description: How many ordinary workers there are now.
      type: int
      returned: when the daemon tells it
      sample: 5
    free_workers:
      description: How many of them have nothing to do.
      type: int
      returned: when the daemon tells it
      sample: 4
    job_queue_depth:
      description: How many calls wait for a worker.
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
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.connection import AdminConnection
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.limits import MOST_WORKERS, guard_threadpool
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.model import (
    THREADPOOL_SETTINGS,
    THREADPOOL_STATE,
)
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.number_change import Subject, change_numbers
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.options import CONNECTION, PERSIST, numbers
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run

OPTIONS = numbers("min_workers", "max_workers", "prio_workers") + CONNECTION + PERSIST
THREADPOOL = Subject(
    name="threadpool",
    settings=THREADPOOL_SETTINGS,
    state=THREADPOOL_STATE,
    most=MOST_WORKERS,
    guard=guard_threadpool,
    read=AdminConnection.threadpool,
    write=AdminConnection.set_threadpool,
)


def work(module: AnsibleModule, warn: Warn) -> dict[str, object]:
    """Do the work of the module."""
    return change_numbers(THREADPOOL, Run.of(module, warn))


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
