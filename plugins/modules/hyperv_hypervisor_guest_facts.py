#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts module of the backend hyperv."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hyperv_hypervisor_guest_facts
short_description: Ask Hyper-V which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks one or several Windows hosts with Hyper-V which virtual machines they have, and returns it as a fact.
  - It reports what virt-who reports for the same hosts, with the differences that the guide for Hyper-V lists.
  - The hosts are asked with queries to WMI over WS-Management (WinRM), in pages. No PowerShell is started.
extends_documentation_fragment:
  - virtmap.core.attributes.facts
  - virtmap.core.attributes.action_group
  - virtmap.core.hyperv
  - virtmap.core.connection
  - virtmap.core.connection.tls
  - virtmap.core.connection.proxy
  - virtmap.core.selection
  - virtmap.core.mapping
requirements:
  - lxml
  - pywinrm >= 0.4.3
  - pywinrm[kerberos] for O(transport=kerberos)
  - pywinrm[credssp] for O(transport=credssp)
notes:
  - The account needs to be a member of the groups C(Hyper-V Administrators) and C(Remote Management Users) of every
    host, or an administrator of it.
  - Several hosts are read side by side. One that fails fails the task, unless it is a node that does not answer and
    its cluster says that it is down.
  - A guest that is seen on two hosts, because it moves or is replicated, is reported on the one where it runs, else on
    the one that was asked later; C(skipped) and a warning name it.
  - V(hwuuid) is no O(hypervisor_id) of Hyper-V. With V(hostname) the id is the host's name without its domain.
  - A failover cluster can be named in O(filter_host_parents) and O(exclude_host_parents).
  - The mapping tells more of each guest, its C(vm_id), its C(generation) (1 or 2), its C(bios_guid) as Hyper-V writes
    it, and its C(guest_uuid) as the guest sees it; and of each hypervisor its C(smbios_uuid) as Windows writes it.
seealso:
  - ref: ansible_collections.virtmap.core.docsite.guide_hyperv
    description: Rights, set-up, limits, and the differences from virt-who.
  - module: virtmap.core.file_hypervisor_guest_facts
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Ask a Hyper-V host
  virtmap.core.hyperv_hypervisor_guest_facts:
    server: hv1.example.com
    username: EXAMPLE\virtmap
    password: "{{ hyperv_password }}"
    ca_path: /etc/pki/example-ca.pem

- name: Show the mapping
  ansible.builtin.debug:
    var: ansible_facts['hypervisor_guests']

- name: Ask all nodes of a failover cluster over sealed HTTP, and report them by name
  virtmap.core.hyperv_hypervisor_guest_facts:
    server:
      - hv1.example.com
      - hv2.example.com
      - hv3.example.com
    scheme: http
    username: EXAMPLE\virtmap
    password: "{{ hyperv_password }}"
    hypervisor_id: hostname

- name: Authenticate with the Kerberos ticket of the user who runs the task
  virtmap.core.hyperv_hypervisor_guest_facts:
    server: hv1.example.com
    transport: kerberos
    ca_path: /etc/pki/example-ca.pem
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
        backend: hyperv
        source: hv1.example.com
        collected_at: "2026-11-21T08:00:00Z"
        hypervisors:
          - id: 7988E987-0BA2-0548-88A7-6800FFEE11FC
            uuid: 7988E987-0BA2-0548-88A7-6800FFEE11FC
            name: hv1
            smbios_uuid: 87E98879-A20B-4805-88A7-6800FFEE11FC
            cluster: Blue
            parent:
            facts:
              cpu.cpu_socket(s): "2"
              dmi.system.uuid: 7988E987-0BA2-0548-88A7-6800FFEE11FC
              hypervisor.type: hyperv
              hypervisor.version: 10.0.20348.1
            guests:
              - uuid: 008BBB6D-AE7E-F845-B6A1-C4CEF328C98C
                name: web1
                state: running
                vm_id: E333EA82-4768-48B2-ABBB-CC2AC18D36E3
                generation: 2
                bios_guid: 6DBB8B00-7EAE-45F8-B6A1-C4CEF328C98C
                guest_uuid: 6DBB8B00-7EAE-45F8-B6A1-C4CEF328C98C
        skipped:
          - kind: guest
            name: new1
            reason: "no uuid: it has no BIOSGUID, as while it is being created"
        unplaced: []
"""

from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_facts_module


def main() -> None:
    """Run the module."""
    run_facts_module(OPTIONS, collect)


if __name__ == "__main__":
    main()
