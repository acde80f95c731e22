#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts module of the backend ahv."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ahv_hypervisor_guest_facts
short_description: Ask Nutanix AHV which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks the Prism Element of a Nutanix cluster, or a Prism Central, which virtual machine runs on which AHV host, and
    returns it as a fact.
  - It reports what virt-who reports for the same hosts, with the differences that the guide for Nutanix AHV lists.
  - Everything is read in pages, all of them; a list that changes while it is read is read on until it is whole.
extends_documentation_fragment:
  - virtmap.core.attributes.facts
  - virtmap.core.attributes.action_group
  - virtmap.core.ahv
  - virtmap.core.connection
  - virtmap.core.connection.tls
  - virtmap.core.connection.proxy
  - virtmap.core.selection
  - virtmap.core.mapping
requirements:
  - urllib3 >= 1.26
notes:
  - The account needs the role C(Viewer) of a Prism Element, or C(Prism Viewer) of a Prism Central, for all clusters.
  - V(hwuuid) is no O(hypervisor_id) of AHV. With V(hostname) the id is the host's name in Prism.
  - The parent of a host is its cluster, and may be given by name or by uuid.
  - Guests that are off are in C(unplaced). Controller VMs are not listed by Prism, agent VMs are.
  - Hosts of other hypervisors than AHV are named in C(skipped), and a warning counts them and their guests.
  - The uuid of a guest is that of its firmware, which the guest itself sees, where the API tells it (v4). The mapping
    tells more of each guest, Prism's own C(ext_id), and of each hypervisor the C(serial) of its node.
seealso:
  - ref: ansible_collections.virtmap.core.docsite.guide_ahv
    description: Rights, set-up, limits, and the differences from virt-who.
  - module: virtmap.core.file_hypervisor_guest_facts
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Ask the Prism Element of a cluster
  virtmap.core.ahv_hypervisor_guest_facts:
    server: prism.example.com
    username: virtmap
    password: "{{ prism_password }}"
    ca_path: /etc/pki/example-ca.pem

- name: Show the mapping
  ansible.builtin.debug:
    var: ansible_facts['hypervisor_guests']

- name: Ask a Prism Central for two of its clusters, and report hosts by name
  virtmap.core.ahv_hypervisor_guest_facts:
    server: prism-central.example.com
    prism_central: true
    username: virtmap@example.com
    password: "{{ prism_password }}"
    hypervisor_id: hostname
    filter_host_parents:
      - Blue
      - 0005fe2c-53d3-4f55-0000-00000000b1ee
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
        backend: ahv
        source: prism-central.example.com
        collected_at: "2026-11-21T08:00:00Z"
        hypervisors:
          - id: 4a96f3be-2d34-4d37-8cdd-8d2a5c1a2b9f
            uuid: 4a96f3be-2d34-4d37-8cdd-8d2a5c1a2b9f
            name: ahv1.example.com
            serial: ZM18AS012345
            cluster: Blue
            parent: 0005fe2c-53d3-4f55-0000-00000000b1ee
            facts:
              cpu.cpu_socket(s): "2"
              dmi.system.uuid: 4a96f3be-2d34-4d37-8cdd-8d2a5c1a2b9f
              hypervisor.cluster: Blue
              hypervisor.type: AHV
              hypervisor.version: Nutanix 20220304.342
            guests:
              - uuid: 3c1c5e7b-9a2f-4d08-a7c4-0d8b8a6d1f02
                name: web1
                state: running
                ext_id: 3c1c5e7b-9a2f-4d08-a7c4-0d8b8a6d1f02
        skipped:
          - kind: host
            name: esx1.example.com
            reason: its hypervisor is ESX, not AHV
        unplaced:
          - uuid: 7fd0d2ae-8c42-4b7c-90e4-55c1d1b3a003
            name: old1
            state: shut_off
            ext_id: 7fd0d2ae-8c42-4b7c-90e4-55c1d1b3a003
"""

from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_facts_module


def main() -> None:
    """Run the module."""
    run_facts_module(OPTIONS, collect)


if __name__ == "__main__":
    main()
