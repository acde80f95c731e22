#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Report module for Candlepin."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rhsm_hypervisor_checkin
short_description: Tell Candlepin which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Reports host/guest mappings to Red Hat Subscription Management, Satellite 6 (Katello) or a bare Candlepin, as
    virt-who does.
  - Follows the job that processes the report to its end and says what became of every single hypervisor.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.candlepin
  - virtmap.core.connection
attributes:
  check_mode:
    support: full
    details:
      - Nothing is sent. What would change is told as far as the account may read what the server holds, which takes two
        requests for each hypervisor; else the task says that something changes, and RV(sent) says how much would be
        sent.
      - The server does not show whether it holds a guest as running. A guest that was only switched on or off is not
        foreseen.
  diff_mode:
    support: full
    details:
      - Shows name, facts and guests of every hypervisor that changes, when the account may read what the server holds.
options:
  mappings:
    description:
      - The mappings to report, each in the form of the fact C(hypervisor_guests). All of them go into one report.
      - A hypervisor that several mappings hold is reported once, with the guests of all and with name and facts of the
        newest.
      - A hypervisor whose C(guests) are null or missing is reported without guests, and keeps those that the server
        holds.
      - A mapping that is not whole is refused. With an empty list only a heartbeat is sent.
      - Hand the fact over with the filter P(ansible.builtin.to_json#filter). Ansible then passes it on as one text,
        which for tens of thousands of guests saves it most of the time and memory.
    type: list
    elements: dict
    required: true
  reporter_id:
    description:
      - Name of this reporter. A heartbeat keeps all hypervisors alive that were last reported under the same name.
      - Without it the host name and the machine id, as virt-who has it. Set it where tasks run in containers, which
        have neither for long.
    type: str
  mode:
    description:
      - The form of the check-in. With V(async) the server makes a job of it. The form V(sync) of old servers (before
        Candlepin 2.0.3, SAM) knows neither names nor facts of hypervisors; current servers do not have it.
      - V(auto) takes V(async) where the server says that it has it.
    type: str
    choices: [auto, async, sync]
    default: auto
  create_missing:
    description:
      - Whether hypervisors that the server does not know are created. With V(false) they are failures.
      - A Satellite does not look at it and always creates them.
    type: bool
    default: true
  wait:
    description:
      - Whether to follow the job to its end. With V(false) the task ends when the server has taken the report; it then
        claims nothing about the hypervisors and returns only RV(job).
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait for the end of the job, and before it for the end of a check-in of somebody else,
        because the server works on one at a time for each owner.
    type: int
    default: 600
  heartbeat:
    description:
      - Whether to send a heartbeat as well, where the server takes one. Without any sign of life for a day, systems are
        not counted by some services.
      - When it fails, a warning says so and the report goes on.
    type: bool
    default: true
  allow_empty:
    description:
      - Whether a mapping without any hypervisor is right. Else it is refused, because such an answer is mostly a
        failure of the source.
    type: bool
    default: false
  state_path:
    description:
      - File that remembers what the server has accepted, as digests, on the host that the task runs on. Its folder must
        exist. Each server, owner and O(reporter_id) needs a file of its own.
      - While nothing differs from it, a heartbeat is sent and nothing else. Without a heartbeat all is reported.
      - Losing it costs one full report. What is changed at the server by others is not noticed before
        O(state_max_age) is over.
    type: path
  state_max_age:
    description:
      - For how many seconds after a full report O(state_path) is believed.
    type: int
    default: 86400
notes:
  - A report never removes a hypervisor from the server.
  - Facts that the server could not store are shortened or left out, with a warning.
  - Where some hypervisors were not taken, the task fails and names them in RV(failed_hosts). It still says C(changed)
    when others were.
  - A report may be repeated at any time; one that is the same as before changes nothing.
seealso:
  - module: virtmap.core.rhsm_guest_checkin
  - module: virtmap.core.rhsm_hypervisor
  - module: virtmap.core.rhsm_hypervisor_info
"""

EXAMPLES = r"""
- name: Report the hypervisors of a vCenter to a Satellite, with a user's password
  virtmap.core.rhsm_hypervisor_checkin:
    server: satellite.example.com
    username: reporter
    password: "{{ satellite_password }}"
    owner: Example_Org
    mappings:
      - "{{ hostvars['vcenter.example.com'].ansible_facts['hypervisor_guests'] | to_json }}"
  delegate_to: localhost
  run_once: true

- name: Report as the registered host that the task runs on
  virtmap.core.rhsm_hypervisor_checkin:
    rhsm_conf: /etc/rhsm/rhsm.conf
    mappings:
      - "{{ ansible_facts['hypervisor_guests'] | to_json }}"

- name: Report every few minutes, and send something only when something has changed
  virtmap.core.rhsm_hypervisor_checkin:
    rhsm_conf: /etc/rhsm/rhsm.conf
    mappings:
      - "{{ ansible_facts['hypervisor_guests'] | to_json }}"
    state_path: /var/lib/virtmap/accepted.json

- name: Only say that everything that was reported before is still alive
  virtmap.core.rhsm_hypervisor_checkin:
    rhsm_conf: /etc/rhsm/rhsm.conf
    mappings: []
"""

RETURN = r"""
created:
  description: Ids of the hypervisors that the server did not know before. In check mode those that would be created.
  returned: when the outcome is known, also on failure
  type: list
  elements: str
  sample: [9705df9f-76d4-4343-bf10-229e8692ecee]
updated:
  description: Ids of the hypervisors of which something changed at the server.
  returned: when the outcome is known, also on failure
  type: list
  elements: str
  sample: []
unchanged:
  description: Ids of the hypervisors that the server held in the same way already.
  returned: when the outcome is known, also on failure
  type: list
  elements: str
  sample: []
failed_hosts:
  description: The hypervisors that the server did not take, or that could not be sent. When there are any, the task
      fails.
  returned: when the outcome is known, also on failure
  type: list
  elements: dict
  contains:
    id:
      description: The id of the hypervisor; null when the server does not say which one it means.
      type: str
      returned: success
    reason:
      description: What the server says.
      type: str
      returned: success
  sample: []
job:
  description: The job that processed the report; null when none was started.
  returned: when the server was reached
  type: dict
  contains:
    id:
      description: The job's id at the server.
      type: str
      returned: success
    state:
      description: Its last known state in the server's words.
      type: str
      returned: success
  sample:
    id: 4028f9699dcf8fed019dcf96f3b0000d
    state: FINISHED
heartbeat:
  description: Whether the server took a heartbeat. In check mode whether one would be sent.
  returned: when the server was reached
  type: bool
  sample: true
sent:
  description: How much was sent. In check mode how much would be.
  returned: when there is a report
  type: dict
  contains:
    hypervisors:
      description: Number of hypervisors.
      type: int
      returned: success
    guests:
      description: Number of guests.
      type: int
      returned: success
  sample:
    hypervisors: 3
    guests: 40
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_module
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.checkin import CheckIn
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.options import CHECKIN


def report(module: AnsibleModule, warn: t.Callable[[str], None]) -> dict[str, t.Any]:
    """Report what the options hold."""
    return CheckIn(module.params, warn, module.check_mode, module._diff).run()


def main() -> None:
    """Run the module."""
    run_module(CHECKIN, report)


if __name__ == "__main__":
    main()
