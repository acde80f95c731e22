#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Info module for libvirt daemons."""

from __future__ import annotations

DOCUMENTATION = r"""
module: libvirt_daemon_info
short_description: Show the workers, clients and logging of a running libvirt daemon
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks a libvirt daemon over its admin interface how busy its servers are, who is connected and what is logged.
  - A server is jammed when it has no RV(servers.threadpool.free_workers) while RV(servers.threadpool.job_queue_depth)
    is not zero.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.connection
  - virtmap.core.libvirt_daemon
  - virtmap.core.libvirt_daemon.clients
attributes:
  check_mode:
    support: full
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
options:
  gather_subset:
    description: What is to be returned besides the names of the servers.
    type: list
    elements: str
    choices: [all, servers, threadpool, client_limits, clients, logging, version]
    default: [all]
  daemon_server:
    description:
      - Look at this server only. Without it all servers are looked at.
notes:
  - Criteria for clients choose which of them are listed under RV(servers.clients); without any, all are.
  - Names in the result were chosen by clients; treat them as text of a stranger.
seealso:
  - module: virtmap.core.libvirt_daemon_threadpool
  - module: virtmap.core.libvirt_daemon_client_disconnect
"""

EXAMPLES = r"""
- name: Look at everything
  virtmap.core.libvirt_daemon_info:
  become: true
  register: daemon

- name: Say whether calls wait for a worker
  ansible.builtin.debug:
    msg: "{{ pool.job_queue_depth }} calls wait, {{ pool.free_workers }} workers are free"
  vars:
    pool: "{{ daemon.servers.libvirtd.threadpool }}"

- name: List the clients that came over the network more than a day ago
  virtmap.core.libvirt_daemon_info:
    gather_subset: [clients]
    transport: [tcp, tls]
    older_than: 86400
  become: true
"""

RETURN = r"""
uri:
  description: The daemon that was asked.
  returned: success
  type: str
  sample: libvirtd:///system
daemon:
  description: Its name.
  returned: success
  type: str
  sample: libvirtd
version:
  description: Version of libvirt that it runs.
  returned: when V(version) is in O(gather_subset)
  type: str
  sample: 9.0.0
logging:
  description: What it logs.
  returned: when V(logging) is in O(gather_subset)
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
servers:
  description: Its servers; the keys are their names.
  returned: success
  type: dict
  contains:
    threadpool:
      description: Threads that do the work.
      type: dict
      returned: when V(threadpool) is in O(gather_subset)
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
    client_limits:
      description: How many clients there are and may be.
      type: dict
      returned: when V(client_limits) is in O(gather_subset)
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
    clients:
      description: The clients that match, by id. What is not known of one is null.
      type: list
      elements: dict
      returned: when V(clients) is in O(gather_subset)
      contains:
        id:
          description: Unique in the life of the daemon.
          type: int
          returned: always
          sample: 47
        connected_at:
          description: Since when it is connected, in UTC.
          type: str
          returned: always
          sample: "2026-11-21T08:00:00Z"
        transport:
          description: V(unix), V(tcp) or V(tls).
          type: str
          returned: always
          sample: tls
        authenticated:
          description: Whether it has got past authentication; if not, nothing below is known.
          type: bool
          returned: always
          sample: true
        read_only:
          description: Whether it may only read.
          type: bool
          returned: always
          sample: false
        address:
          description: IP address of a client over the network.
          type: str
          returned: always
          sample: 192.0.2.7
        port:
          description: Port of a client over the network.
          type: int
          returned: always
          sample: 37230
        sasl_user:
          description: Name by which it authenticated itself by SASL.
          type: str
          returned: always
          sample: backup@example.com
        x509_dn:
          description: Distinguished name in its TLS certificate.
          type: str
          returned: always
          sample: O=Example,CN=client1
        user:
          description: Name of the unix user of a client on this host.
          type: str
          returned: always
          sample: root
        uid:
          description: Number of that user.
          type: int
          returned: always
          sample: 0
        group:
          description: Name of the group of a client on this host.
          type: str
          returned: always
          sample: root
        gid:
          description: Number of that group.
          type: int
          returned: always
          sample: 0
        pid:
          description: Process id of a client on this host.
          type: int
          returned: always
          sample: 4711
        selinux_context:
          description: SELinux context of a client.
          type: str
          returned: always
          sample: system_u:system_r:virtd_t:s0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.info import SUBSETS, gather
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.options import CLIENTS, CONNECTION
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run

OPTIONS = (
    OptionGroup(
        {
            "gather_subset": {
                "type": "list",
                "elements": "str",
                "choices": ["all", "servers", *SUBSETS],
                "default": ["all"],
            }
        }
    )
    + CONNECTION
    + CLIENTS
)


def work(module: AnsibleModule, warn: Warn) -> dict[str, object]:
    """Do the work of the module."""
    return gather(Run.of(module, warn))


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
