#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts module of the backend file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: file_hypervisor_guest_facts
short_description: Read in a file which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Reads a host/guest mapping from a file and returns it as a fact, so that it can be reported like that of a
    hypervisor manager.
  - Use it for hypervisors that no other module reaches, for mappings that were collected elsewhere, and for tests.
extends_documentation_fragment:
  - virtmap.core.attributes.facts
  - virtmap.core.attributes.action_group
  - virtmap.core.file
  - virtmap.core.selection
  - virtmap.core.mapping
requirements:
  - PyYAML, for a file in YAML
notes:
  - The ids stand in the file, so O(hypervisor_id) makes no difference.
  - An entry without a hypervisor id, as virt-who prints it for its own host, is left out and named in C(skipped).
seealso:
  - ref: ansible_collections.virtmap.core.docsite.guide_file
    description: The formats, what is refused, and how to keep a mapping for another machine.
  - module: virtmap.core.libvirt_hypervisor_guest_facts
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Read what virt-who printed
  virtmap.core.file_hypervisor_guest_facts:
    path: /var/lib/virtmap/virt-who.json

- name: Read a mapping that a program writes each hour, and fail when it has stopped
  virtmap.core.file_hypervisor_guest_facts:
    path: /var/lib/virtmap/mapping.json
    max_age: 7200

- name: Read a mapping, but only the hosts of two racks
  virtmap.core.file_hypervisor_guest_facts:
    path: /var/lib/virtmap/mapping.yml
    filter_hosts:
      - rack1-*
      - rack2-*
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
        backend: file
        source: /var/lib/virtmap/virt-who.json
        collected_at: "2026-11-21T08:00:00Z"
        hypervisors:
          - id: 9705df9f-76d4-4343-bf10-229e8692ecee
            uuid: 9705df9f-76d4-4343-bf10-229e8692ecee
            name: esx1.example.com
            cluster: Blue
            parent:
            facts:
              cpu.cpu_socket(s): "2"
              hypervisor.cluster: Blue
              hypervisor.type: VMware ESXi
            guests:
              - uuid: 564dae86-b20b-0214-0203-dc50d3be0ec2
                name:
                state: running
                virt_who_type: esx
        skipped: []
        unplaced: []
"""

from ansible_collections.virtmap.core.plugins.module_utils._backends.file.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.file.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_facts_module


def main() -> None:
    """Run the module."""
    run_facts_module(OPTIONS, collect)


if __name__ == "__main__":
    main()
