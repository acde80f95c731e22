#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that scans hypervisors into an inventory store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_inventory_scan
short_description: Scan hypervisors for guests and keep them in an inventory
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Lists the guests of several hypervisors with their processors, memory, interfaces and disks, and writes them into an
    Ansible inventory, into files of xCAT or into xCAT itself. It does the job of the command C(rscan) of xCAT.
  - A guest belongs to the hypervisor that it was first found on. A store never follows a guest to another hypervisor by
    itself, and what it says besides about a guest is kept.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.connection
attributes:
  check_mode:
    support: full
    details:
      - The hypervisors and the store are read, and the store is left as it is.
  diff_mode:
    support: full
options:
  uris:
    description:
      - The libvirt daemons to scan, as connection URIs. They are asked side by side.
      - A hypervisor is called by the host name in its URI, and without one as it calls itself. Put another name and an
        equals sign before the URI to give it that name.
    type: list
    elements: str
  mappings:
    description:
      - The guests to write, as facts C(hypervisor_guests), in place of O(uris). A hypervisor is called by its name.
      - A mapping tells names and hypervisors of guests only. Where the store knows more it is kept.
    type: list
    elements: dict
  username:
    description:
      - User name for daemons that ask for one with SASL. For ssh it stands in the URI.
      - The environment variable E(VIRTMAP_LIBVIRT_USERNAME) is used when it is not given.
    type: str
  password:
    description:
      - Password of O(username).
      - The environment variable E(VIRTMAP_LIBVIRT_PASSWORD) is used when it is not given.
    type: str
  mode:
    description:
      - V(list) writes nothing.
      - V(write) writes guests that the store does not know and brings up to date those that it knows on the same
        hypervisor. A guest that it knows on another hypervisor is a conflict.
      - V(update) only brings up to date guests that the store knows on the same hypervisor.
      - V(new) only writes guests that the store does not know.
      - Where several hypervisors have a new guest of one name, the hypervisor that stands last in O(uris) or O(mappings)
        gets the name, and the others are conflicts.
    type: str
    choices: [list, write, update, new]
    default: list
  store:
    description:
      - File that holds the guests, for O(store_format=xcat_csv) a folder. It is made when it is not there.
    type: path
  store_format:
    description:
      - V(inventory_yaml) is an Ansible inventory. New guests become hosts of the group C(vm) with the variables
        C(vmhost), C(vmcpus), C(vmmemory) (MiB), C(vmnics) and C(vmstorage). Comments, order, other hosts and other
        variables stay as they are.
      - V(xcat_stanza) is a file as C(lsdef -z) prints it and C(mkdef -z) reads it.
      - V(xcat_csv) is a folder of tables (C(vm.csv) and six more) as C(tabdump) prints them and C(tabrestore) reads
        them.
      - V(xcat) is the xCAT on the host that the task runs on, through its commands.
    type: str
    choices: [inventory_yaml, xcat_stanza, xcat_csv, xcat]
    default: inventory_yaml
  backup:
    description:
      - Keep each file that is changed under another name beside it. xCAT itself is not kept.
    type: bool
    default: false
requirements:
  - libvirt-python on the host that the task runs on, for O(uris)
  - ruamel.yaml there, for O(store_format=inventory_yaml)
notes:
  - Guests that have disappeared from their hypervisor stay in the store.
  - A guest whose name xCAT would refuse (other characters than letters, digits, V(-) and V(_)) is a conflict in every
    format, so that a store can always be handed to xCAT.
  - The task fails at the end when a hypervisor did not answer; what the others told was written before. Conflicts are
    warnings.
  - While a store is being changed other tasks of the same host wait for it, up to O(timeout). Each command of xCAT has
    the same deadline; large installations of xCAT need more than the default.
  - With O(store_format=xcat) the diff shows what changes of a node, not the rest of it.
seealso:
  - module: virtmap.core.libvirt_hypervisor_guest_facts
"""

EXAMPLES = r"""
- name: Show the guests of two hypervisors
  virtmap.core.guest_inventory_scan:
    uris:
      - qemu+ssh://root@kvm1.example.com/system
      - spare=qemu+tls://192.0.2.17/system
  register: scan

- name: Print them
  ansible.builtin.debug:
    msg: "{{ scan.table.splitlines() }}"

- name: Keep them in an inventory
  virtmap.core.guest_inventory_scan:
    uris:
      - qemu+ssh://root@kvm1.example.com/system
    mode: write
    store: /etc/ansible/inventory/guests.yml
    backup: true

- name: Put the guests of a vCenter into xCAT
  virtmap.core.guest_inventory_scan:
    mappings:
      - "{{ ansible_facts['hypervisor_guests'] }}"
    mode: new
    store_format: xcat
"""

RETURN = r"""
guests:
  description: All guests that were found, by hypervisor in the given order, then by name.
  returned: success or partial failure
  type: list
  elements: dict
  sample:
    - type: kvm
      name: web1
      hypervisor: kvm1.example.com
      id: "41"
      cpu: 2
      memory: 2048
      nic: br0
      disk: /var/lib/libvirt/images/web1.qcow2
      nics:
        - {type: bridge, source: br0, mac: "52:54:00:00:00:01", model: virtio}
        - {type: network, source: default, mac: "52:54:00:00:00:02", model: virtio}
      disks:
        - {device: disk, type: file, source: /var/lib/libvirt/images/web1.qcow2, target: vda}
      uuid: 564dae86-b20b-0214-0203-dc50d3be0ec2
      arch: x86_64
      state: running
table:
  description: The same as a table for people. Of several bridges and disks it shows the first.
  returned: success or partial failure
  type: str
  sample: "type   name   hypervisor ..."
written:
  description: Guests that are new in the store.
  returned: success or partial failure
  type: list
  elements: dict
  sample: [{name: web1, hypervisor: kvm1.example.com}]
updated:
  description: Guests that were brought up to date in the store.
  returned: success or partial failure
  type: list
  elements: dict
  sample: []
unchanged:
  description: Guests of which the store said the same already.
  returned: success or partial failure
  type: list
  elements: dict
  sample: []
conflicts:
  description: Guests that were not written although O(mode) asks for it.
  returned: success or partial failure
  type: list
  elements: dict
  contains:
    name:
      description: Name of the guest.
      type: str
    hypervisor:
      description: The hypervisor that it was found on.
      type: str
    existing:
      description: The hypervisor that has the name; empty when the store names none, null when the name itself is the reason.
      type: str
    reason:
      description: What stands in the way, and what was kept.
      type: str
  sample: []
left_out:
  description: Guests whose definition could not be read.
  returned: success or partial failure
  type: list
  elements: dict
  sample: []
failed_hosts:
  description: Hypervisors that did not answer, with the reason. The task fails for them after the others were written.
  returned: success or partial failure
  type: list
  elements: dict
  sample: []
backup_files:
  description: Where the files were kept.
  returned: when O(backup=true) and something changed
  type: list
  elements: str
  sample: [/etc/ansible/inventory/guests.yml.20261121-080000.4711~]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._scan.client import Machine, scan
from ansible_collections.virtmap.core.plugins.module_utils._scan.command import run_command
from ansible_collections.virtmap.core.plugins.module_utils._scan.options import OPTIONS


def work(module: AnsibleModule, warn: Warn) -> dict[str, t.Any]:
    """Scan and write."""

    def run(command: list[str], text: str) -> tuple[int, str, str]:
        return run_command(command, text, float(module.params["timeout"]))

    machine = Machine(run, lambda name: module.get_bin_path(name, opt_dirs=["/opt/xcat/bin", "/opt/xcat/sbin"]))
    return scan(module.params, machine, check_mode=module.check_mode, diff=module._diff, warn=warn)


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
