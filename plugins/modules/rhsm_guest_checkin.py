#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Report module for the guests of a registered host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rhsm_guest_checkin
short_description: Tell Candlepin which guests run on a registered host
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Tells Red Hat Subscription Management, Satellite 6 (Katello) or a bare Candlepin which guests run on a hypervisor
    that is a registered system itself, as virt-who does on a libvirt host.
  - Hypervisors that are not registered themselves are reported with M(virtmap.core.rhsm_hypervisor_checkin).
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.candlepin
  - virtmap.core.connection
attributes:
  check_mode:
    support: full
    details:
      - The server does not show whether it holds a guest as running. A guest that was only switched on or off is not
        foreseen.
  diff_mode:
    support: full
options:
  mapping:
    description:
      - The mapping of this one host, in the form of the fact C(hypervisor_guests).
      - Its id becomes the hypervisor id of the system at the server; a Satellite does not look at it.
    type: dict
    required: true
  consumer_uuid:
    description:
      - The uuid of the registered system. Without it that in the client certificate.
    type: str
notes:
  - The list of guests is complete. A mapping in which the guests are not known is refused.
seealso:
  - module: virtmap.core.libvirt_hypervisor_guest_facts
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Gather the guests of this host
  virtmap.core.libvirt_hypervisor_guest_facts:
    uri: qemu:///system

- name: Report them as the registered system that this host is
  virtmap.core.rhsm_guest_checkin:
    rhsm_conf: /etc/rhsm/rhsm.conf
    mapping: "{{ ansible_facts['hypervisor_guests'] }}"
  become: true
"""

RETURN = r"""
consumer_uuid:
  description: The uuid of the system that the guests were reported for.
  returned: when the server was reached
  type: str
  sample: 9b1ee5c2-8e0e-4f0e-a6cb-90f9a2b1bd57
guests:
  description: Ids of the guests that were reported.
  returned: when the server was reached
  type: list
  elements: str
  sample: [564dae86-b20b-0214-0203-dc50d3be0ec2]
added:
  description: Ids of the guests that the server did not hold for this system before.
  returned: when the server was reached
  type: list
  elements: str
  sample: []
removed:
  description: Ids of the guests that the server held for this system before and does not hold now.
  returned: when the server was reached
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_module
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.local_guests import check_in_guests
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.options import GUESTS


def report(module: AnsibleModule, warn: t.Callable[[str], None]) -> dict[str, t.Any]:
    """Report the guests that the options hold."""
    return check_in_guests(module.params, warn, module.check_mode, module._diff)


def main() -> None:
    """Run the module."""
    run_module(GUESTS, report)


if __name__ == "__main__":
    main()
