#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts module of the backend xenserver."""

from __future__ import annotations

DOCUMENTATION = r"""
module: xenserver_hypervisor_guest_facts
short_description: Ask XenServer or XCP-ng which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks a pool of XenServer, Citrix Hypervisor or XCP-ng, which may be a single host, which virtual machine runs on
    which host, and returns it as a fact.
  - It reports what virt-who reported for the same hosts, with the differences that the guide for XenServer lists.
  - The whole pool is read with six calls, however large it is, in one session that is always closed.
extends_documentation_fragment:
  - virtmap.core.attributes.facts
  - virtmap.core.attributes.action_group
  - virtmap.core.xenserver
  - virtmap.core.connection
  - virtmap.core.connection.tls
  - virtmap.core.connection.proxy
  - virtmap.core.selection
  - virtmap.core.mapping
requirements:
  - urllib3 >= 1.26
notes:
  - The account needs the role C(read-only) in the pool.
  - A host that is not the coordinator of its pool names the coordinator, which is then asked instead, under the
    address that the pool has for it and on the same port. Its certificate must be valid for that address.
  - Templates, snapshots and control domains are no guests and are left out.
  - A guest that is shut off or suspended is on no host. It stands in C(unplaced), there with C(affinity), the uuid of
    the host that it prefers, null for none; it is not reported.
  - V(hwuuid) is no O(hypervisor_id) of XenServer, which does not tell the uuid of a host's firmware. V(uuid) is the one
    that the installation of the host was given.
  - C(cluster) is the name of the pool, C(parent) its uuid; either may stand in O(filter_host_parents) and
    O(exclude_host_parents).
  - The mapping tells two more things of each hypervisor, C(enabled), which is false in maintenance, and C(live), which
    is false while the host does not answer its pool.
seealso:
  - ref: ansible_collections.virtmap.core.docsite.guide_xenserver
    description: Rights, set-up, limits, and the differences from virt-who.
  - module: virtmap.core.file_hypervisor_guest_facts
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Ask a pool
  virtmap.core.xenserver_hypervisor_guest_facts:
    server: xen1.example.com
    username: root
    password: "{{ xenserver_password }}"
    ca_path: /etc/pki/example-ca.pem

- name: Show the mapping
  ansible.builtin.debug:
    var: ansible_facts['hypervisor_guests']

- name: Report by host name, without the hosts of the laboratory
  virtmap.core.xenserver_hypervisor_guest_facts:
    server: xen1.example.com
    username: EXAMPLE\virtmap
    password: "{{ xenserver_password }}"
    ca_path: /etc/pki/example-ca.pem
    hypervisor_id: hostname
    exclude_hosts:
      - lab*.example.com
"""

RETURN = r"""
ansible_facts:
  description: The mapping, as one fact.
  returned: success
  type: dict
  contains:
    hypervisor_guests:
      description: Which guest runs on which hypervisor.
      type: dict
      returned: success
      sample:
        backend: xenserver
        source: xen1.example.com
        collected_at: "2026-11-21T08:00:00Z"
        hypervisors:
          - enabled: true
            live: true
            id: 9705df9f-76d4-4343-bf10-229e8692ecee
            uuid: 9705df9f-76d4-4343-bf10-229e8692ecee
            name: xen1.example.com
            cluster: Blue
            parent: 2b1f0e6d-5c4b-4a39-8f27-16e05d4c3b2a
            facts:
              cpu.cpu_socket(s): "2"
              dmi.system.uuid: 9705df9f-76d4-4343-bf10-229e8692ecee
              hypervisor.type: XenServer
              hypervisor.version: 8.2.1
            guests:
              - uuid: 564dae86-b20b-0214-0203-dc50d3be0ec2
                name: web1
                state: running
        skipped:
          - kind: guest
            name: web2
            reason: it is running, but the pool tells no host for it
        unplaced:
          - affinity: 9705df9f-76d4-4343-bf10-229e8692ecee
            uuid: 564dae86-b20b-0214-0203-dc50d3be0ec3
            name: old1
            state: shut_off
"""

from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_facts_module


def main() -> None:
    """Run the module."""
    run_facts_module(OPTIONS, collect)


if __name__ == "__main__":
    main()
