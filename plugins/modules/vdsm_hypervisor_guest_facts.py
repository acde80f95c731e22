#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts module of the backend vdsm."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vdsm_hypervisor_guest_facts
short_description: Ask VDSM of an oVirt or RHV host which guests run there
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks VDSM, the daemon of oVirt and Red Hat Virtualization on each hypervisor, for its host and its guests, and
    returns them as a fact.
  - It runs on the hypervisor itself, over ssh as any module does, and needs nothing there but Python. It works while
    the engine is down.
  - It speaks JSON-RPC over STOMP with TLS, which VDSM has since 4.16 (oVirt 3.5).
extends_documentation_fragment:
  - virtmap.core.attributes.facts
  - virtmap.core.attributes.action_group
  - virtmap.core.vdsm
  - virtmap.core.connection
  - virtmap.core.connection.tls
  - virtmap.core.selection
  - virtmap.core.mapping
notes:
  - The key of VDSM's certificate is readable by root and VDSM only, so the task needs C(become).
  - Only methods that read are called. Guests are neither started, stopped nor asked anything.
  - V(uuid) is the uuid under which the engine knows the host, V(hwuuid) that of its firmware, V(hostname) the name that
    the host has itself, or O(server) when another host is asked.
  - VDSM knows no clusters, so the filters on parents match nothing.
  - A guest that migrates is known to both hosts, as V(shutting_down) to the one that it leaves, as V(shut_off) to the other.
  - While VDSM recovers after a restart it does not know its guests. It is asked again until it does, up to O(timeout).
seealso:
  - ref: ansible_collections.virtmap.core.docsite.guide_vdsm
    description: Rights, set-up, limits, and the differences from virt-who.
  - module: virtmap.core.libvirt_hypervisor_guest_facts
  - module: virtmap.core.rhsm_guest_checkin
"""

EXAMPLES = r"""
- name: Gather on the hypervisors themselves
  hosts: hypervisors
  gather_facts: false
  become: true
  tasks:
    - name: Ask the local VDSM
      virtmap.core.vdsm_hypervisor_guest_facts:

    - name: Report its guests as those of the registered system that this host is
      virtmap.core.rhsm_guest_checkin:
        rhsm_conf: /etc/rhsm/rhsm.conf
        mapping: "{{ ansible_facts['hypervisor_guests'] }}"

- name: Gather from the engine's machine, which has a certificate of the same CA
  hosts: hypervisors
  gather_facts: false
  tasks:
    - name: Ask the VDSM of each hypervisor
      virtmap.core.vdsm_hypervisor_guest_facts:
        server: "{{ inventory_hostname }}"
        ca_path: /etc/pki/ovirt-engine/ca.pem
        client_cert: /etc/pki/ovirt-engine/certs/engine.cer
        client_key: /etc/pki/ovirt-engine/keys/engine_id_rsa
        hypervisor_id: hostname
      delegate_to: engine.example.com
      become: true
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
        backend: vdsm
        source: kvm1.example.com
        collected_at: "2026-11-21T08:00:00Z"
        hypervisors:
          - id: 4c4c4544-0039-4a10-8053-b8c04f4d5a31
            uuid: 4c4c4544-0039-4a10-8053-b8c04f4d5a31
            name: kvm1.example.com
            cluster:
            parent:
            facts:
              cpu.cpu_socket(s): "2"
              dmi.system.uuid: 4C4C4544-0039-4A10-8053-B8C04F4D5A31
              hypervisor.type: qemu
              hypervisor.version: 4.50.7
            guests:
              - uuid: 5f0e7b2a-4c4a-4b9d-9a52-0c8d5a6a1e11
                name: web1
                state: running
        skipped: []
        unplaced: []
"""

from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_facts_module


def main() -> None:
    """Run the module."""
    run_facts_module(OPTIONS, collect)


if __name__ == "__main__":
    main()
