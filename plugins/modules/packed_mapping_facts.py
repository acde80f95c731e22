#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts module for mappings that an earlier job handed on."""

from __future__ import annotations

DOCUMENTATION = r"""
module: packed_mapping_facts
short_description: Take over the mapping that an earlier job gathered
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Takes a mapping that was packed with the filter P(virtmap.core.pack_mappings#filter), and returns it as the fact that the facts
    module of the backend would return.
  - In a workflow of AWX some jobs gather, perhaps sliced over several nodes, and one job after them reports. The playbooks
    C(virtmap.core.gather) and C(virtmap.core.report_gathered) do so.
  - It fails for a mapping that is missing, damaged or too old.
extends_documentation_fragment:
  - virtmap.core.attributes.facts
  - virtmap.core.attributes.action_group
  - virtmap.core.mapping
options:
  packed:
    description:
      - The packed mapping. An empty text means that there is none, and the module fails.
    type: str
    required: true
  max_age:
    description:
      - How many seconds ago the mapping may have been packed at the most.
      - A job that is launched again by itself gets what it got the first time.
    type: int
    default: 14400
seealso:
  - plugin: virtmap.core.pack_mappings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Take over what an earlier job of the workflow gathered
  virtmap.core.packed_mapping_facts:
    packed: "{{ lookup('ansible.builtin.vars', inventory_hostname | virtmap.core.packed_mapping_name, default='') }}"
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
        backend: libvirt
        source: qemu+tls://kvm1.example.com/system
        collected_at: "2026-11-21T08:00:00Z"
        hypervisors:
          - id: 9705df9f-76d4-4343-bf10-229e8692ecee
            uuid: 9705df9f-76d4-4343-bf10-229e8692ecee
            name: kvm1.example.com
            cluster:
            parent:
            facts:
              hypervisor.type: QEMU
            guests:
              - uuid: 564dae86-b20b-0214-0203-dc50d3be0ec2
                name: web1
                state: running
        skipped: []
        unplaced: []
"""

import typing as t
from datetime import datetime, timezone

from ansible_collections.virtmap.core.plugins.module_utils._core.model import FACT_NAME
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_module
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._core.packed import collect

OPTIONS = OptionGroup({"packed": {"type": "str", "required": True}, "max_age": {"type": "int", "default": 14400}})


def main() -> None:
    """Run the module."""

    def work(module: t.Any, _warn: t.Any) -> dict[str, t.Any]:
        mapping = collect(module.params, datetime.now(timezone.utc))
        return {"changed": False, "ansible_facts": {FACT_NAME: mapping.to_dict()}}

    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
