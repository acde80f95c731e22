#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts module of the backend esx."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_hypervisor_guest_facts
short_description: Ask vCenter or ESXi which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks a vCenter, or an ESXi that stands alone, which virtual machine runs on which host, and returns it as a fact.
  - It reports what virt-who reports for the same hosts, with the differences that the guide for vCenter and ESXi lists.
  - The whole inventory is read with five calls and one more for each 1,000 objects, in one session.
extends_documentation_fragment:
  - virtmap.core.attributes.facts
  - virtmap.core.attributes.action_group
  - virtmap.core.esx
  - virtmap.core.connection
  - virtmap.core.connection.tls
  - virtmap.core.connection.proxy
  - virtmap.core.selection
  - virtmap.core.mapping
requirements:
  - lxml
  - urllib3 >= 1.26
notes:
  - The account needs the role C(Read-only) on the root folder of the vCenter, propagating to all below.
    One that sees only a part of the inventory gets that part, and a warning.
  - With V(hwuuid) as O(hypervisor_id) the id is that of the host in its vCenter, such as C(host-34), as with virt-who.
    It is not unique across vCenters, and is C(ha-host) for every ESXi that is asked directly.
  - With V(hostname) as O(hypervisor_id) the id is the name that the host itself has. While a host does not tell it, its
    name in vCenter serves if that is a full host name.
  - The parent of a host is its cluster, or the compute resource of a host outside clusters. Its id may be written with
    or without its type in front, as V(domain-c7) or V(ClusterComputeResource-domain-c7).
  - The mapping tells two more things of each hypervisor, C(connection_state) and C(datacenter).
seealso:
  - ref: ansible_collections.virtmap.core.docsite.guide_esx
    description: Rights, set-up, limits, and the differences from virt-who.
  - module: virtmap.core.file_hypervisor_guest_facts
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Ask a vCenter
  virtmap.core.esx_hypervisor_guest_facts:
    server: vcenter.example.com
    username: virtmap@vsphere.local
    password: "{{ vcenter_password }}"

- name: Show the mapping
  ansible.builtin.debug:
    var: ansible_facts['hypervisor_guests']

- name: Report by host name, only two clusters, and neither templates nor the machines of vSphere Cluster Services
  virtmap.core.esx_hypervisor_guest_facts:
    server: vcenter.example.com
    username: virtmap@vsphere.local
    password: "{{ vcenter_password }}"
    ca_path: /etc/pki/vcenter-ca.pem
    hypervisor_id: hostname
    filter_host_parents:
      - Blue
      - domain-c8
    include_templates: false
    include_vcls: false
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
        backend: esx
        source: vcenter.example.com
        collected_at: "2026-11-21T08:00:00Z"
        hypervisors:
          - connection_state: connected
            datacenter: Berlin
            id: 9705df9f-76d4-4343-bf10-229e8692ecee
            uuid: 9705df9f-76d4-4343-bf10-229e8692ecee
            name: esx1.example.com
            cluster: Blue
            parent: domain-c7
            facts:
              cpu.cpu_socket(s): "2"
              dmi.system.uuid: 9705df9f-76d4-4343-bf10-229e8692ecee
              hypervisor.cluster: Blue
              hypervisor.type: VMware ESXi
              hypervisor.version: 8.0.2
            guests:
              - uuid: 564dae86-b20b-0214-0203-dc50d3be0ec2
                name: web1
                state: running
        skipped:
          - kind: host
            name: esx9.example.com
            reason: "no uuid: the host is disconnected; its 3 guests are not reported"
        unplaced: []
"""

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_facts_module


def main() -> None:
    """Run the module."""
    run_facts_module(OPTIONS, collect)


if __name__ == "__main__":
    main()
