#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that asks the history."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mapping_history_info
short_description: Ask the history where a guest ran, which guests moved and which hypervisors are silent
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Answers from what M(virtmap.core.mapping_history) recorded.
  - The history knows what the runs saw. Between two runs that saw the same it is taken to have been so; between the
    last run that saw something and the first that did not nobody knows, and the answers name both moments.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.history
attributes:
  check_mode:
    support: full
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
options:
  query:
    description:
      - V(guest) tells where a guest was between O(since) and O(until).
      - V(moves) tells which guests came to another hypervisor between O(since) and O(until), also from one source to
        another.
      - V(silent) tells of which hypervisors nothing is heard, since when, and why.
    type: str
    choices: [guest, moves, silent]
    required: true
  guest:
    description: Uuid or name of the guest, for O(query=guest). Several guests may have one name.
    type: str
  since:
    description:
      - Beginning of the time that is asked for, a day such as V(2026-11-20) or a moment such as
        V(2026-11-20T08:00:00Z); UTC where no zone is named. Without it the history's own beginning.
    type: str
  until:
    description: End of the time that is asked for, in the same form. A day counts to its end. Without it the present.
    type: str
  silent_hours:
    description:
      - For O(query=silent), a source that was not recorded for so many hours is silent with all of its hypervisors.
    type: int
    default: 26
seealso:
  - module: virtmap.core.mapping_history
"""

EXAMPLES = r"""
- name: Ask where a guest ran on one day
  virtmap.core.mapping_history_info:
    path: /var/lib/virtmap/history.sqlite
    query: guest
    guest: web1
    since: "2026-11-20"
    until: "2026-11-20"
  register: answer

- name: Ask which guests moved this month
  virtmap.core.mapping_history_info:
    path: /var/lib/virtmap/history.sqlite
    query: moves
    since: "2026-11-01"

- name: Ask which hypervisors are silent
  virtmap.core.mapping_history_info:
    path: /var/lib/virtmap/history.sqlite
    query: silent
"""

RETURN = r"""
placements:
  description: Where the guest was, oldest first.
  returned: when O(query=guest)
  type: list
  elements: dict
  contains:
    backend:
      description: Backend of the source.
      type: str
    source:
      description: Source that told.
      type: str
    hypervisor:
      description: Id of the hypervisor; null for a guest that none ran.
      type: str
    hypervisor_name:
      description: Its name, null when unknown.
      type: str
    uuid:
      description: Uuid of the guest.
      type: str
    name:
      description: Name of the guest, null when unknown.
      type: str
    state:
      description: State of the guest.
      type: str
    from:
      description: First run that saw it so.
      type: str
    last_seen:
      description: Last run that saw it so.
      type: str
    until:
      description: First run that did not see it so any more; null while the newest run still does.
      type: str
    confirmed:
      description: Whether a run saw it so within the time asked for or later. If not, it may have changed before O(since).
      type: bool
  sample:
    - backend: esx
      source: vcenter.example.com
      hypervisor: 9705df9f-76d4-4343-bf10-229e8692ecee
      hypervisor_name: esx1.example.com
      uuid: 564dae86-b20b-0214-0203-dc50d3be0ec2
      name: web1
      state: running
      from: "2026-10-01T08:00:00Z"
      last_seen: "2026-11-21T08:00:00Z"
      until: null
      confirmed: true
moves:
  description: Guests that came to another hypervisor, oldest first.
  returned: when O(query=moves)
  type: list
  elements: dict
  contains:
    uuid:
      description: Uuid of the guest.
      type: str
    name:
      description: Name of the guest, null when unknown.
      type: str
    from_hypervisor:
      description: Id of the hypervisor that it was on before.
      type: str
    to_hypervisor:
      description: Id of the hypervisor that it came to.
      type: str
    last_seen:
      description: Last run that saw it on the old one.
      type: str
    seen:
      description: First run that saw it on the new one.
      type: str
    backend:
      description: Backend of the source of the new one.
      type: str
    source:
      description: Source of the new one.
      type: str
  sample: []
silent:
  description: Hypervisors of which nothing is heard, those longest silent first.
  returned: when O(query=silent)
  type: list
  elements: dict
  contains:
    hypervisor:
      description: Id of the hypervisor.
      type: str
    name:
      description: Name of the hypervisor, null when unknown.
      type: str
    silent_since:
      description: Last run that told of it.
      type: str
    backend:
      description: Backend of its source.
      type: str
    source:
      description: Its source.
      type: str
    reason:
      description: Why nothing is heard.
      type: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._history.client import ask
from ansible_collections.virtmap.core.plugins.module_utils._history.options import QUERY


def work(module: AnsibleModule, warn: Warn) -> dict[str, t.Any]:
    """Answer the question."""
    return ask(module.params)


def main() -> None:
    """Run the module."""
    run_module(QUERY, work)


if __name__ == "__main__":
    main()
