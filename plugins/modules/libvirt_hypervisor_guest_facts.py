#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts module of the backend libvirt."""

from __future__ import annotations

DOCUMENTATION = r"""
module: libvirt_hypervisor_guest_facts
short_description: Ask libvirt which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks one libvirt daemon for its host and all its guests, and returns them as a fact.
  - It runs on the hypervisor itself, over ssh as any module does.
  - It also runs on the control node, against the URI of a remote daemon.
extends_documentation_fragment:
  - virtmap.core.attributes.facts
  - virtmap.core.attributes.action_group
  - virtmap.core.libvirt
  - virtmap.core.connection
  - virtmap.core.selection
  - virtmap.core.mapping
requirements:
  - libvirt-python on the host that the task runs on (in distributions C(python3-libvirt) or C(libvirt-python))
notes:
  - The connection is read-only. Guests are neither started, stopped nor asked anything.
  - Guests that are shut off belong to the hypervisor that defines them and are listed with it, as virt-who does.
  - Xen's dom0, which has the uuid of all zeros, is the host and left out.
  - O(hypervisor_id=hwuuid) does not exist for libvirt and is refused.
  - A host whose firmware tells no uuid gets a new one at each start of the daemon. A warning says so.
seealso:
  - ref: ansible_collections.virtmap.core.docsite.guide_libvirt
    description: Rights, transports, limits, and the differences from virt-who.
  - module: virtmap.core.file_hypervisor_guest_facts
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Gather on the hypervisors themselves
  hosts: hypervisors
  gather_facts: false
  tasks:
    - name: Ask the local daemon
      virtmap.core.libvirt_hypervisor_guest_facts:
      become: true

    - name: Show how many guests there are
      ansible.builtin.debug:
        msg: "{{ ansible_facts['hypervisor_guests'].hypervisors[0].guests | length }} guests"

- name: Gather from the control node
  hosts: hypervisors
  gather_facts: false
  tasks:
    - name: Ask the remote daemon over TLS
      virtmap.core.libvirt_hypervisor_guest_facts:
        uri: qemu+tls://{{ inventory_hostname }}/system
      delegate_to: localhost

    - name: Ask the remote daemon over TCP, with user name and password (SASL)
      virtmap.core.libvirt_hypervisor_guest_facts:
        uri: qemu+tcp://{{ inventory_hostname }}/system
        username: reader
        password: "{{ libvirt_password }}"
        hypervisor_id: hostname
      delegate_to: localhost
"""

RETURN = r"""
ansible_facts:
  description: The mapping, as one fact.
  returned: success
  type: dict
  contains:
    hypervisor_guests:
      description: Which guests the hypervisor runs.
      type: dict
      returned: success
      sample:
        backend: libvirt
        source: qemu+tls://kvm1.example.com/system
        collected_at: "2026-11-21T08:00:00Z"
        hypervisors:
          - id: 4dea22b3-1d52-4d8f-8f9a-6a5d3a0c9a01
            uuid: 4dea22b3-1d52-4d8f-8f9a-6a5d3a0c9a01
            name: kvm1.example.com
            cluster:
            parent:
            facts:
              cpu.cpu_socket(s): "2"
              dmi.system.uuid: 4dea22b3-1d52-4d8f-8f9a-6a5d3a0c9a01
              hypervisor.type: QEMU
              hypervisor.version: 7002022
            guests:
              - uuid: 564dae86-b20b-4214-8203-dc50d3be0ec2
                name: web1
                state: running
        skipped: []
        unplaced: []
"""

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_facts_module


def main() -> None:
    """Run the module."""
    run_facts_module(OPTIONS, collect)


if __name__ == "__main__":
    main()
