#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that writes a report as CSV."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report_csv
short_description: Write CSV tables of which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Writes one table of the page of M(virtmap.core.report_html) as CSV, for spreadsheets.
  - Cells that a spreadsheet would take for a formula begin with an apostrophe.
extends_documentation_fragment:
  - ansible.builtin.files
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.report
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the file, or its size and checksum where it is large.
options:
  table:
    description:
      - Which table to write.
      - V(placements) has a line for each guest and for each hypervisor without guests, as each source tells it; the filter
        P(virtmap.core.to_csv#filter) gives the same.
    type: str
    choices: [changes, conflicts, guests, hypervisors, missing, placements, skipped, sources, stale, unplaced]
    default: guests
  allow_missing:
    description:
      - Whether a table is written that lacks what the sources of O(missing) know, which the table itself cannot tell.
        Without it the task then fails and leaves the file as it is.
    type: bool
    default: false
seealso:
  - module: virtmap.core.mapping_history
  - module: virtmap.core.report_html
  - module: virtmap.core.report_json
"""

EXAMPLES = r"""
- name: Read which guest runs where
  virtmap.core.file_hypervisor_guest_facts:
    path: /var/lib/virtmap/virt-who.json

- name: Write the report
  virtmap.core.report_csv:
    path: /srv/reports/guests.csv
    mode: "0640"
    mappings:
      - "{{ ansible_facts['hypervisor_guests'] | to_json }}"
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /srv/reports/guests.csv
summary:
  description: The figures of the report.
  returned: success
  type: dict
  sample:
    sources: 1
    missing: 0
    hypervisors: 2
    guests: 40
    running: 38
    sockets: 4
    conflicts: 0
    skipped: 0
    changes: 1
    unplaced: 0
    stale: 0
licence:
  description:
    - The licence view. C(by_host) and C(by_guest) are the units that each way to count takes, C(formula) says how they
      are counted, C(cheaper) is V(hosts), V(guests), V(same), or null where prices are not given or a hypervisor of
      C(without_sockets) does not tell its sockets.
  returned: success
  type: dict
  sample:
    counted_guests: ["rhel-*"]
    hypervisors: 2
    pairs: 2
    guests_without_hypervisor: 0
    by_host: 2
    by_guest: 40
    without_sockets: []
    cost_by_host: 5000.0
    cost_by_guest: 16000.0
    cheaper: hosts
"""

import typing as t

from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS, AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._reports.client import as_csv, report
from ansible_collections.virtmap.core.plugins.module_utils._reports.options import CSV


def work(module: AnsibleModule, warn: Warn) -> dict[str, t.Any]:
    """Write the report."""
    return report(module, as_csv)


def main() -> None:
    """Run the module."""
    run_module(OptionGroup(FILE_COMMON_ARGUMENTS) + CSV, work)


if __name__ == "__main__":
    main()
