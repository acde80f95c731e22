#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that writes a report as JSON."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report_json
short_description: Write a JSON document of which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Writes all that the page of M(virtmap.core.report_html) shows as one JSON document, for other
    programs, and the mappings that it was made of under C(mappings).
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
seealso:
  - module: virtmap.core.mapping_history
  - module: virtmap.core.report_csv
  - module: virtmap.core.report_html
"""

EXAMPLES = r"""
- name: Read which guest runs where
  virtmap.core.file_hypervisor_guest_facts:
    path: /var/lib/virtmap/virt-who.json

- name: Write the report
  virtmap.core.report_json:
    path: /srv/reports/guests.json
    mode: "0640"
    mappings:
      - "{{ ansible_facts['hypervisor_guests'] | to_json }}"
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /srv/reports/guests.json
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
from ansible_collections.virtmap.core.plugins.module_utils._reports.client import as_json, report
from ansible_collections.virtmap.core.plugins.module_utils._reports.options import REPORT


def work(module: AnsibleModule, warn: Warn) -> dict[str, t.Any]:
    """Write the report."""
    return report(module, as_json, with_mappings=True)


def main() -> None:
    """Run the module."""
    run_module(OptionGroup(FILE_COMMON_ARGUMENTS) + REPORT, work)


if __name__ == "__main__":
    main()
