#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that disconnects clients of libvirt daemons."""

from __future__ import annotations

DOCUMENTATION = r"""
module: libvirt_daemon_client_disconnect
short_description: Disconnect clients of a running libvirt daemon
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Ends the connections of all clients of a server that match. All criteria that are given have to hold; of a list
    one entry has to.
  - A client is free to connect again, and most do so at once, so this is no ban.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.connection
  - virtmap.core.libvirt_daemon
  - virtmap.core.libvirt_daemon.clients
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  max_disconnects:
    description: When more clients match than this, none is disconnected and the task fails with their names.
    type: int
notes:
  - A task without any criterion is refused, as is one with an empty list.
  - In check mode the clients that would be disconnected are returned.
  - On server V(admin) the connection of the task itself is left alone.
seealso:
  - module: virtmap.core.libvirt_daemon_info
  - module: virtmap.core.libvirt_daemon_client_limits
"""

EXAMPLES = r"""
- name: Make room when clients that never authenticate keep everybody out
  virtmap.core.libvirt_daemon_client_disconnect:
    unauthenticated: true
    older_than: 60
  become: true

- name: Disconnect what comes from the old management network, but for the monitoring
  virtmap.core.libvirt_daemon_client_disconnect:
    transport: [tcp, tls]
    address: [198.51.100.0/24]
    exclude:
      - sasl_user: [monitoring@example.com]
    max_disconnects: 20
  become: true
"""

RETURN = r"""
disconnected:
  description: The clients that were disconnected, or would be in check mode. What is not known of one is null.
  returned: success, and when the task fails on the way
  type: list
  elements: dict
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
left:
  description: The clients that matched but had gone by themselves before their turn, described like RV(disconnected).
  returned: success, and when the task fails on the way
  type: list
  elements: dict
  sample: []
matching:
  description: The clients that match, described like RV(disconnected).
  returned: when there are more than O(max_disconnects)
  type: list
  elements: dict
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.disconnect import disconnect
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.options import CLIENTS, CONNECTION
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run

OPTIONS = OptionGroup({"max_disconnects": {"type": "int"}}) + CONNECTION + CLIENTS


def work(module: AnsibleModule, warn: Warn) -> dict[str, object]:
    """Do the work of the module."""
    return disconnect(Run.of(module, warn))


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
