#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that removes hypervisors from Candlepin."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rhsm_hypervisor
short_description: Remove hypervisors from Candlepin
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Removes hypervisors that do not exist any more from Red Hat Subscription Management or a bare Candlepin. A check-in
    never does that, so that they would stay for ever.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.candlepin
  - virtmap.core.connection
attributes:
  check_mode:
    support: full
    details:
      - RV(removed) names what would be removed.
  diff_mode:
    support: full
options:
  state:
    description:
      - What is to become of the hypervisors.
    type: str
    choices: [absent]
    required: true
  hypervisor_ids:
    description:
      - Remove these hypervisors. Case does not count; one that the server does not hold is absent already.
      - One of O(hypervisor_ids) and O(stale_after) is needed. With both, only those of the ids that are stale are
        removed.
    type: list
    elements: str
  stale_after:
    description:
      - Remove hypervisors that have neither been reported nor kept alive by a heartbeat for so many seconds, by the
        clock of the server. Each is looked at again immediately before it is removed.
    type: int
  max_removals:
    description:
      - Remove nothing at all when more hypervisors than this would be removed.
    type: int
    default: 10
notes:
  - A hypervisor that is a registered system as well is never removed, because it would lose its registration.
  - The uuid of a removed record is not accepted any more. When the hypervisor is reported again, a new record is made.
  - Needs a user who may see and remove the hypervisors of the organization. A Satellite does not offer it in its
    C(/rhsm) interface; remove the host there.
seealso:
  - module: virtmap.core.rhsm_hypervisor_info
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Remove what nobody has reported for thirty days, but never more than five
  virtmap.core.rhsm_hypervisor:
    server: candlepin.example.com
    port: 8443
    prefix: /candlepin
    username: admin
    password: "{{ candlepin_password }}"
    owner: Example_Org
    state: absent
    stale_after: 2592000
    max_removals: 5

- name: Remove a hypervisor that was scrapped
  virtmap.core.rhsm_hypervisor:
    server: candlepin.example.com
    port: 8443
    prefix: /candlepin
    username: admin
    password: "{{ candlepin_password }}"
    owner: Example_Org
    state: absent
    hypervisor_ids:
      - 9705df9f-76d4-4343-bf10-229e8692ecee
"""

RETURN = r"""
removed:
  description: Ids of the hypervisors that were removed. In check mode those that would be.
  returned: when the server was reached
  type: list
  elements: str
  sample: [9705df9f-76d4-4343-bf10-229e8692ecee]
failed_hosts:
  description: The hypervisors that could not be removed. When there are any, the task fails.
  returned: when the server was reached
  type: list
  elements: dict
  contains:
    id:
      description: The id of the hypervisor.
      type: str
      returned: success
    reason:
      description: Why it was not removed.
      type: str
      returned: success
  sample: []
candidates:
  description: Ids of the hypervisors that would be removed if O(max_removals) allowed it.
  returned: when there are more than O(max_removals)
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_module
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.options import REMOVAL
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.stale import remove


def absent(module: AnsibleModule, warn: t.Callable[[str], None]) -> dict[str, t.Any]:
    """Remove what the options name."""
    return remove(module.params, warn, module.check_mode, module._diff)


def main() -> None:
    """Run the module."""
    run_module(REMOVAL, absent)


if __name__ == "__main__":
    main()
