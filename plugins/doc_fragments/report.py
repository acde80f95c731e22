# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the modules that write reports."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  path:
    description: File to write, on the host that the task runs on. Its folder must be there.
    type: path
    required: true
  mappings:
    description:
      - What to report, a list of facts C(hypervisor_guests) as the modules C(*_hypervisor_guest_facts) return them.
      - Several mappings make one report. A hypervisor that is in several stands there once, with the guests of all.
      - Hand the fact over with the filter P(ansible.builtin.to_json#filter). Ansible then passes it on as one text,
        which for tens of thousands of guests saves it most of the time and memory.
    type: list
    elements: dict
    required: true
  changes:
    description:
      - What changed since the last run, as M(virtmap.core.mapping_history) returns it or the filter
        P(virtmap.core.mapping_changes#filter) tells it.
    type: list
    elements: dict
    default: []
  silent:
    description:
      - Hypervisors of which nothing is heard, as M(virtmap.core.mapping_history_info) returns them. They join the stale
        hypervisors of the report.
    type: list
    elements: dict
    default: []
  missing:
    description:
      - Sources that gave no answer, each with C(source) and C(reason). The report then says above all else that it lacks
        what they know.
    type: list
    elements: dict
    default: []
  refresh:
    description:
      - Whether the report is also written when nothing but the moments of collection changed. The task then says at
        every run that it changed something.
      - Without it the file is left alone, and the moments in it are those of the first run that told this.
    type: bool
    default: false
  stale_hours:
    description: A hypervisor whose mapping was collected longer ago than so many hours is stale.
    type: int
    default: 26
  title:
    description: Title of the report.
    type: str
    default: Guests and their hypervisors
  licence_guests:
    description:
      - Which guests the licence view counts, wildcards of their names such as V(rhel-*); case does not matter.
      - An empty list counts all.
    type: list
    elements: str
    default: []
  licence_pair_price:
    description: What a licence for one pair of sockets costs, in any currency, so that the report tells which way is cheaper.
    type: float
  licence_guest_price:
    description: What a licence for one guest costs, in the same currency.
    type: float
notes:
  - The report does not tell when it was written. A run over mappings that tell the same leaves the file as it is, unless
    a hypervisor has become stale.
"""
