#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that reports mappings to a Satellite 5."""

from __future__ import annotations

DOCUMENTATION = r"""
module: satellite5_virt_notify
short_description: Tell Satellite 5 which guest runs on which hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Tells a Satellite 5, a Spacewalk or a Uyuni before 2024.07 which guests run on which hypervisors, over XML-RPC.
  - Each hypervisor is registered there once, as a system of its own in a channel made for hypervisors, and reported
    under its system id from then on. Profiles, names and plans are those of virt-who, so that both can follow each
    other.
  - One hypervisor that fails does not stop the others. The task fails when any of them failed.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.connection
  - virtmap.core.connection.tls
  - virtmap.core.connection.proxy
attributes:
  check_mode:
    support: full
    details:
      - Logs in and reads only. System ids that are kept are trusted to be good.
  diff_mode:
    support: full
    details:
      - Lists guests by uuid with the state that is reported. The server does not tell the states of guests; where no
        earlier report is known, only guests that appear or go are shown.
options:
  server:
    description:
      - Host name, address or URL of the server or of a Spacewalk proxy. The path of an endpoint at its end, as in the
        option C(sat_server) of virt-who, is accepted.
      - Falls back to the environment variable E(VIRTMAP_SATELLITE5_SERVER).
    type: str
    required: true
  username:
    description:
      - User of the server. To register the first hypervisor the user needs the role C(org_admin), because the channel
        and its distribution map are made then; later any user does who may register systems.
      - Falls back to the environment variable E(VIRTMAP_SATELLITE5_USERNAME).
    type: str
    required: true
  password:
    description:
      - Password of the user.
      - Falls back to the environment variable E(VIRTMAP_SATELLITE5_PASSWORD).
    type: str
    required: true
  mappings:
    description:
      - What to report, a list of facts C(hypervisor_guests) as the modules C(*_hypervisor_guest_facts) return them.
      - Several mappings make one report. A hypervisor that is in several is reported once, with the guests of all.
      - A mapping without C(hypervisors) is refused as that of a source that failed. A hypervisor whose C(guests) are
        null is left as it is at the server.
      - Hand the fact over with the filter P(ansible.builtin.to_json#filter). Ansible then passes it on as one text,
        which for tens of thousands of guests saves it most of the time and memory.
    type: list
    elements: dict
    required: true
  systemid_dir:
    description:
      - Folder in which the system ids of the hypervisors are kept, on the host that the task runs on, below a folder
        for the server.
      - Files that virt-who has left in this folder are used where there is nothing newer, and are left as they are.
      - A system id that was lost is fetched from the server by the name of the profile; the hypervisor is not
        registered a second time.
      - The files are secrets. Keep the folder between runs, on a host that every run uses.
    type: path
    default: /var/lib/virt-who
  allow_empty:
    description:
      - Whether a mapping without any hypervisor is right, or no mapping at all. Else the report is refused, because such an
        answer is mostly a failure of the source.
    type: bool
    default: false
notes:
  - The server keeps a guest with the hypervisor that it was once reported for. A guest that is not reported any more is
    marked as stopped there; no message takes it away.
  - RV(ignore:changed) means that a hypervisor was registered, the channel or its map was made, or that a report differs
    from the last one that the server accepted. The server itself does not tell.
seealso:
  - module: virtmap.core.file_hypervisor_guest_facts
  - module: virtmap.core.libvirt_hypervisor_guest_facts
  - module: virtmap.core.rhsm_hypervisor_checkin
"""

EXAMPLES = r"""
- name: Read which guest runs where
  virtmap.core.file_hypervisor_guest_facts:
    path: /var/lib/virtmap/virt-who.json

- name: Report it to Satellite 5
  virtmap.core.satellite5_virt_notify:
    server: satellite5.example.com
    ca_path: /usr/share/rhn/RHN-ORG-TRUSTED-SSL-CERT
    username: reporter
    password: "{{ satellite5_password }}"
    mappings:
      - "{{ ansible_facts['hypervisor_guests'] | to_json }}"

- name: See what a report of all sources of the play would change
  virtmap.core.satellite5_virt_notify:
    server: https://satellite5.example.com/XMLRPC
    username: reporter
    password: "{{ satellite5_password }}"
    systemid_dir: /var/lib/virtmap/satellite5
    mappings: "{{ ansible_play_hosts | map('extract', hostvars, ['ansible_facts', 'hypervisor_guests']) | map('to_json') | list }}"
  check_mode: true
  diff: true
  run_once: true
"""

RETURN = r"""
registered:
  description: Ids of the hypervisors that got a new profile at the server.
  returned: success or partial failure
  type: list
  elements: str
  sample: []
recovered:
  description: Ids of the hypervisors whose lost system id was fetched from the server.
  returned: success or partial failure
  type: list
  elements: str
  sample: []
notified:
  description: Ids of the hypervisors of which the server accepted something else than in the last report.
  returned: success or partial failure
  type: list
  elements: str
  sample: [9705df9f-76d4-4343-bf10-229e8692ecee]
unchanged:
  description: Ids of the hypervisors of which the server accepted the same as in the last report.
  returned: success or partial failure
  type: list
  elements: str
  sample: [11111111-76d4-4343-bf10-229e8692ecee]
failed_hosts:
  description: The hypervisors that were not reported.
  returned: success or partial failure
  type: list
  elements: dict
  contains:
    id:
      description: Id of the hypervisor.
      type: str
    reason:
      description: What went wrong, and what to do.
      type: str
  sample: []
left_out:
  description: Guests that the server cannot take, because their uuid is none. One of them would undo the whole report.
  returned: success or partial failure
  type: list
  elements: dict
  contains:
    hypervisor:
      description: Id of the hypervisor.
      type: str
    uuid:
      description: What stands in the mapping.
      type: str
    name:
      description: Name of the guest, null when unknown.
      type: str
    reason:
      description: Why it was left out.
      type: str
  sample: []
channel:
  description: The channel of the hypervisors; null when none was to be registered.
  returned: success or partial failure
  type: dict
  contains:
    label:
      description: Label of the channel.
      type: str
    created:
      description: Whether it was missing.
      type: bool
    map_set:
      description: Whether its distribution map was missing.
      type: bool
  sample:
    label: hypervisor-base-1
    created: false
    map_set: false
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.client import report
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.options import OPTIONS


def work(module: AnsibleModule, warn: Warn) -> dict[str, t.Any]:
    """Report the mappings."""
    # Ansible keeps _diff for modules; there is no public name for it.
    return report(module.params, check_mode=module.check_mode, diff=module._diff, warn=warn)


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
