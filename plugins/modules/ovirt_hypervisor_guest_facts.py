#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts module of the backend ovirt."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ovirt_hypervisor_guest_facts
short_description: Ask an oVirt or RHV engine which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks the engine of oVirt, Red Hat Virtualization (RHV, RHEV) or Oracle Linux Virtualization Manager which virtual
    machine runs on which host, and returns it as a fact.
  - It reports what virt-who reported for the same hosts as C(rhevm), with the differences that the guide for oVirt lists.
  - The whole inventory is read with five requests, and parsed while it arrives.
extends_documentation_fragment:
  - virtmap.core.attributes.facts
  - virtmap.core.attributes.action_group
  - virtmap.core.ovirt
  - virtmap.core.connection
  - virtmap.core.connection.tls
  - virtmap.core.connection.proxy
  - virtmap.core.selection
  - virtmap.core.mapping
requirements:
  - lxml
  - urllib3 >= 1.26
notes:
  - The account needs the role C(ReadOnlyAdmin) on the system. A warning tells when the engine counts more guests on a
    host than it listed.
  - The certificate of an engine is signed by a CA of its own, unless an administrator has replaced it. The guide tells
    how to get that CA for O(ca_path).
  - Hosts of clusters without the virtualization service, which only store data, are left out.
  - With V(uuid) as O(hypervisor_id) the id is that of the host in its engine, with V(hwuuid) the uuid of its hardware,
    with V(hostname) the address by which the engine reaches it. A host that was never up has no V(hwuuid).
  - The parent of a host is its cluster.
  - Virtual machines that no host runs are in C(unplaced).
  - The mapping tells more of each hypervisor, its C(status) and its C(engine_name), which is how the administrator
    calls it; and of each guest its C(status), which is the engine's own word for its state.
seealso:
  - ref: ansible_collections.virtmap.core.docsite.guide_ovirt
    description: Rights, set-up, limits, and the differences from virt-who.
  - module: virtmap.core.file_hypervisor_guest_facts
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Ask an engine
  virtmap.core.ovirt_hypervisor_guest_facts:
    server: engine.example.com
    username: virtmap@internal
    password: "{{ engine_password }}"
    ca_path: /etc/pki/engine-ca.pem

- name: Show the mapping
  ansible.builtin.debug:
    var: ansible_facts['hypervisor_guests']

- name: Report by host name, only two clusters, with a token
  virtmap.core.ovirt_hypervisor_guest_facts:
    server: https://engine.example.com/ovirt-engine/api
    token: "{{ engine_token }}"
    ca_path: /etc/pki/engine-ca.pem
    hypervisor_id: hostname
    filter_host_parents:
      - Blue
      - 5e1a0c1c-9c5a-4b8e-8a3d-0a1b2c3d4e5f
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
        backend: ovirt
        source: engine.example.com
        collected_at: "2026-11-21T08:00:00Z"
        hypervisors:
          - engine_name: host1
            status: up
            id: 3c9a6c0e-2f4b-4b7c-9d1e-5a6b7c8d9e0f
            uuid: 3c9a6c0e-2f4b-4b7c-9d1e-5a6b7c8d9e0f
            name: host1.example.com
            cluster: Blue
            parent: 5e1a0c1c-9c5a-4b8e-8a3d-0a1b2c3d4e5f
            facts:
              cpu.cpu_socket(s): "2"
              dmi.system.uuid: 4C4C4544-0051-3610-8052-B4C04F4E3132
              hypervisor.cluster: Blue
              hypervisor.type: qemu
              hypervisor.version: vdsm-4.50.5.1-1.el9
            guests:
              - uuid: 7b1f9e52-0c8d-4f0e-9a57-2d3c4b5a6978
                name: web1
                state: running
                status: migrating
        skipped:
          - kind: host
            name: host9.example.com
            reason: "no hwuuid: the engine has no hardware information of the host, as before it is up for the first time (it is install_failed)"
        unplaced:
          - uuid: 0f6c1d7a-5b0e-4b0a-8f3a-9c8b7a695847
            name: old1
            state: shut_off
            status: down
"""

from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_facts_module


def main() -> None:
    """Run the module."""
    run_facts_module(OPTIONS, collect)


if __name__ == "__main__":
    main()
