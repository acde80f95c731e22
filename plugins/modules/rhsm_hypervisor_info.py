#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Info module for the hypervisors that Candlepin holds."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rhsm_hypervisor_info
short_description: Show which hypervisors and guests Candlepin holds
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Shows what Red Hat Subscription Management or a bare Candlepin holds of an organization's hypervisors, which guests
    they have, who has reported them and when, and which have not been reported for long.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.candlepin
  - virtmap.core.connection
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
  hypervisor_ids:
    description:
      - Show only these hypervisors. Case does not count. An empty list means all.
    type: list
    elements: str
    default: []
  guests:
    description:
      - Whether to show the guests, which takes one request for each hypervisor.
    type: bool
    default: true
  stale_after:
    description:
      - After how many seconds without a check-in or heartbeat a hypervisor is called stale, by the clock of the server.
    type: int
    default: 86400
notes:
  - The server shows hypervisors to users only, not to registered hosts with their certificates.
  - A Satellite does not offer this list in its C(/rhsm) interface; ask its Candlepin, or its hosts.
seealso:
  - module: virtmap.core.rhsm_hypervisor
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Ask what the server holds
  virtmap.core.rhsm_hypervisor_info:
    server: candlepin.example.com
    port: 8443
    prefix: /candlepin
    username: auditor
    password: "{{ candlepin_password }}"
    owner: Example_Org
  register: held

- name: Show the hypervisors that nobody reports any more
  ansible.builtin.debug:
    var: held.stale
"""

RETURN = r"""
owner:
  description: Key of the owner that was asked about.
  returned: success
  type: str
  sample: Example_Org
hypervisors:
  description: The hypervisors, sorted by id.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The hypervisor id, in lower case as the server keeps it.
      type: str
      returned: success
    uuid:
      description: The uuid of the record at the server.
      type: str
      returned: success
    name:
      description: The name of the record.
      type: str
      returned: success
    type:
      description: V(hypervisor), or V(system) for a registered host that has not been reported by others.
      type: str
      returned: success
    reporter_id:
      description: Who reported it last; null when that is not known.
      type: str
      returned: success
    last_checkin:
      description: When it was last reported or kept alive; null for never.
      type: str
      returned: success
    stale:
      description: Whether that was longer ago than O(stale_after).
      type: bool
      returned: success
    guests:
      description: Ids of its guests.
      type: list
      elements: str
      returned: when O(guests) is true
  sample:
    - id: 9705df9f-76d4-4343-bf10-229e8692ecee
      uuid: 9b1ee5c2-8e0e-4f0e-a6cb-90f9a2b1bd57
      name: esx1.example.com
      type: hypervisor
      reporter_id: ansible.example.com-2f4f4d1c5cf84d3a9f3f8d2a1b7c6e50
      last_checkin: "2026-11-21T08:00:00Z"
      stale: false
      guests: [564dae86-b20b-0214-0203-dc50d3be0ec2]
stale:
  description: Ids of the hypervisors that are stale.
  returned: success
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_module
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.options import INFO
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.stale import show


def ask(module: AnsibleModule, _warn: t.Callable[[str], None]) -> dict[str, t.Any]:
    """Ask the server."""
    return show(module.params)


def main() -> None:
    """Run the module."""
    run_module(INFO, ask)


if __name__ == "__main__":
    main()
