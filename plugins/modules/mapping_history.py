#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that records mappings over time."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mapping_history
short_description: Keep a history of which guest ran on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Records mappings as changes over time, in a SQLite file or in a PostgreSQL database.
  - A run that tells the same as the one before adds a single row, however large the fleet is. Otherwise a row is added
    for each guest and hypervisor that changed.
  - All is done in one transaction. A task that is interrupted leaves the history as it was, and recording a mapping a
    second time changes nothing.
  - Nothing is concluded from not knowing. A hypervisor that a source had to leave out is silent from then on; its
    guests count neither as gone nor as confirmed.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.history
attributes:
  check_mode:
    support: full
    details:
      - Finds out what would be recorded within a transaction that is undone.
  diff_mode:
    support: full
    details:
      - Shows the runs that are added and what changed since the run before, one line each.
options:
  mappings:
    description:
      - What to record, a list of facts C(hypervisor_guests) as the modules C(*_hypervisor_guest_facts) return them.
      - Each is kept under its C(backend) and C(source). Collect one source always with the same filters; what is left
        out by a filter looks as if it were gone.
      - A mapping that is older than what the history holds of its source is not recorded; a warning tells.
      - Hand the fact over with the filter P(ansible.builtin.to_json#filter). Ansible then passes it on as one text,
        which for tens of thousands of guests saves it most of the time and memory.
    type: list
    elements: dict
    required: true
  keep_days:
    description:
      - Remove what ended longer ago than so many days, and sources that were not recorded for as long.
      - What still is as it was stays, however long ago it began.
      - Without it everything is kept.
    type: int
  allow_empty:
    description:
      - Record a mapping that holds no hypervisor at all, so that all of its guests count as gone.
      - Without it such a mapping is not recorded, because it is mostly the answer of a source that failed. The others are,
        and then the task fails.
    type: bool
    default: false
seealso:
  - module: virtmap.core.mapping_history_info
  - module: virtmap.core.report_html
"""

EXAMPLES = r"""
- name: Read which guest runs where
  virtmap.core.file_hypervisor_guest_facts:
    path: /var/lib/virtmap/virt-who.json

- name: Record it, and keep two years
  virtmap.core.mapping_history:
    path: /var/lib/virtmap/history.sqlite
    keep_days: 730
    mappings:
      - "{{ ansible_facts['hypervisor_guests'] | to_json }}"

- name: Record all sources of the play in a database that several nodes share
  virtmap.core.mapping_history:
    server: db.example.com
    database: virtmap
    username: virtmap
    password: "{{ history_password }}"
    mappings: "{{ ansible_play_hosts | map('extract', hostvars, ['ansible_facts', 'hypervisor_guests']) | map('to_json') | list }}"
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
runs:
  description: What became of each mapping, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    backend:
      description: Backend of the mapping.
      type: str
    source:
      description: Source of the mapping.
      type: str
    collected_at:
      description: When it was collected.
      type: str
    result:
      description:
        - V(recorded) when something is new, V(unchanged) when only the run itself was added, V(known) when this very run
          was recorded before, V(outdated) when a newer one was.
      type: str
    rows:
      description: How many rows were added.
      type: int
  sample:
    - backend: esx
      source: vcenter.example.com
      collected_at: "2026-11-21T08:00:00Z"
      result: unchanged
      rows: 1
changes:
  description:
    - What changed since the run before, as the filter P(virtmap.core.mapping_changes#filter) tells it, with backend and
      source. The first run of a source has none.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: guest_moved
      guest: 564dae86-b20b-0214-0203-dc50d3be0ec2
      name: web1
      state: running
      previous_state: null
      hypervisor: 9705df9f-76d4-4343-bf10-229e8692ecee
      previous_hypervisor: 11111111-76d4-4343-bf10-229e8692ecee
      backend: esx
      source: vcenter.example.com
pruned:
  description: How many rows were removed for O(keep_days).
  returned: success
  type: int
  sample: 0
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._history.client import keep
from ansible_collections.virtmap.core.plugins.module_utils._history.options import RECORD


def work(module: AnsibleModule, warn: Warn) -> dict[str, t.Any]:
    """Record the mappings."""
    # Ansible keeps _diff for modules; there is no public name for it.
    return keep(module.params, check_mode=module.check_mode, diff=module._diff, warn=warn)


def main() -> None:
    """Run the module."""
    run_module(RECORD, work)


if __name__ == "__main__":
    main()
