#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts module of the backend kubevirt."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubevirt_hypervisor_guest_facts
short_description: Ask KubeVirt which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks the API server of a Kubernetes cluster with KubeVirt (OpenShift Virtualization, Harvester and others) which
    virtual machines run on which node, and returns it as a fact.
  - It reports what virt-who reports for the same cluster, with the differences that the guide for KubeVirt lists.
  - Lists are read in pages of one consistent state.
extends_documentation_fragment:
  - virtmap.core.attributes.facts
  - virtmap.core.attributes.action_group
  - virtmap.core.kubevirt
  - virtmap.core.connection
  - virtmap.core.connection.tls
  - virtmap.core.connection.proxy
  - virtmap.core.selection
  - virtmap.core.mapping
requirements:
  - kubernetes, for a kubeconfig; with O(server), and in a pod, it is not needed
  - urllib3
notes:
  - The account needs the right to list C(nodes) and C(virtualmachineinstances.kubevirt.io); the guide has the
    ClusterRole.
  - O(ca_path) and O(proxy) beat what the kubeconfig says. Its C(insecure-skip-tls-verify) is not followed, with a
    warning; O(validate_certs=false) is.
  - With V(uuid) the O(hypervisor_id) of a node is its C(machineID), as for virt-who, with V(hwuuid) its C(systemUUID),
    with V(hostname) its address of the type C(Hostname), else its C(machineID).
  - A guest that is being created, or is the target of a migration from another cluster, is in C(unplaced).
  - The mapping tells more of each guest, its C(namespace), its C(phase), and the C(migration_target) while it is
    migrating, of each hypervisor its C(system_uuid), its C(logical_cpus), and whether it is C(schedulable) for guests,
    and the C(namespaces) it is limited to.
seealso:
  - ref: ansible_collections.virtmap.core.docsite.guide_kubevirt
    description: Rights, set-up, limits, and the differences from virt-who.
  - module: virtmap.core.file_hypervisor_guest_facts
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Ask the cluster of the current context
  virtmap.core.kubevirt_hypervisor_guest_facts:

- name: Show the mapping
  ansible.builtin.debug:
    var: ansible_facts['hypervisor_guests']

- name: Ask with a kubeconfig, and report nodes by name
  virtmap.core.kubevirt_hypervisor_guest_facts:
    kubeconfig: /etc/virtmap/blue.kubeconfig
    hypervisor_id: hostname

- name: Ask with the token of a service account
  virtmap.core.kubevirt_hypervisor_guest_facts:
    server: api.blue.example.com
    token: "{{ kubevirt_token }}"
    ca_path: /etc/pki/blue-ca.pem

- name: Ask for two namespaces, with an account that has no other rights
  virtmap.core.kubevirt_hypervisor_guest_facts:
    kubeconfig: /etc/virtmap/team-a.kubeconfig
    namespace: [team-a, team-a-test]
    hypervisor_id_fallback: true
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
        backend: kubevirt
        source: api.blue.example.com:6443
        collected_at: "2026-11-21T08:00:00Z"
        namespaces:
        hypervisors:
          - id: 3b1c4f5a6d7e48f09a1b2c3d4e5f6071
            uuid: 3b1c4f5a6d7e48f09a1b2c3d4e5f6071
            name: worker1.blue.example.com
            system_uuid: 4c4c4544-0042-4a10-8056-b4c04f4d3532
            logical_cpus: 64
            schedulable: true
            cluster:
            parent:
            facts:
              dmi.system.uuid: 3b1c4f5a6d7e48f09a1b2c3d4e5f6071
              hypervisor.type: qemu
              hypervisor.version: v1.28.7
            guests:
              - uuid: 0e2b4d6f-8a1c-4e3f-9b5d-7f1a3c5e7092
                name: web1
                state: running
                namespace: shop
                phase: Running
                migration_target:
        skipped:
          - kind: guest
            name: shop/old1
            reason: "no uuid: its firmware has none"
        unplaced: []
"""

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_facts_module


def main() -> None:
    """Run the module."""
    run_facts_module(OPTIONS, collect)


if __name__ == "__main__":
    main()
