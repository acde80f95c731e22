#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that asks a guest agent for everything."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_agent_info
short_description: Ask the agent in a guest what it knows
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks the agent in a guest, from its host, for everything it tells. Both kinds of agent give the same shape.
  - An agent that does not answer is a result, not a failure, with RV(guest_agent.responsive=false).
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.guest_agent
attributes:
  check_mode:
    support: full
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
seealso:
  - module: virtmap.core.guest_agent_command
  - plugin: virtmap.core.with_guest_agents
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ask the agent of a libvirt guest
  virtmap.core.guest_agent_info:
    domain: web1
  become: true
  register: web1

- name: Ask an agent that speaks the oVirt protocol, over its socket
  virtmap.core.guest_agent_info:
    socket: /run/guests/web1.ovirt-guest-agent.0
    protocol: ovirt
  become: true
"""

RETURN = r"""
guest_agent:
  description: What the guest says about itself; what it does not say is null or empty.
  returned: success
  type: dict
  contains:
    source:
      description: The socket, or the domain and where it is.
      type: str
      returned: always
      sample: web1 at qemu:///system
    protocol:
      description: Which protocol was spoken, V(ovirt) or V(qemu).
      type: str
      returned: always
      sample: qemu
    responsive:
      description: Whether the agent answered within O(timeout).
      type: bool
      returned: always
      sample: true
    reason:
      description: Why the agent counts as not responsive.
      type: str
      returned: always
      sample: null
    agent_version:
      description: Version of qemu-ga; only over its socket.
      type: str
      returned: always
      sample: 7.2.0
    api_version:
      description: Version of the oVirt protocol that the agent offers.
      type: int
      returned: always
      sample: 3
    hostname:
      description: What the guest calls itself.
      type: str
      returned: always
      sample: web1.example.com
    fqdn:
      description: Its full name.
      type: str
      returned: always
      sample: web1.example.com
    os:
      description: Its operating system, with the keys C(type), C(id), C(name), C(version), C(codename), C(kernel), C(arch).
      type: dict
      returned: always
      sample: {"name": "Debian GNU/Linux", "version": "12"}
    timezone:
      description: Its time zone, with the keys C(zone) and C(offset), minutes east of UTC.
      type: dict
      returned: always
      sample: {"zone": "Europe/Rome", "offset": 60}
    addresses:
      description: All addresses that others can reach, version 4 first.
      type: list
      elements: str
      returned: always
      sample: ["192.0.2.15", "2001:db8::15"]
    interfaces:
      description: Its network interfaces without loopback, with C(name), C(hw), C(inet), C(inet6).
      type: list
      elements: dict
      returned: always
      sample: [{"name": "eth0", "hw": "52:54:00:12:34:56", "inet": ["192.0.2.15"], "inet6": []}]
    filesystems:
      description: Its file systems, with C(path), C(fs), and C(total) and C(used) in bytes.
      type: list
      elements: dict
      returned: always
      sample: [{"path": "/", "fs": "ext4", "total": 704643072, "used": 245366784}]
    disks:
      description: Its disks with C(serial) and C(name).
      type: list
      elements: dict
      returned: always
      sample: [{"serial": "SN1", "name": "/dev/vda"}]
    users:
      description: Who is logged in.
      type: list
      elements: str
      returned: always
      sample: ["ann"]
    session:
      description: State of the desktop, V(unknown), V(logged_on), V(locked), V(active) or V(logged_off).
      type: str
      returned: always
      sample: unknown
    memory:
      description: Memory in bytes by kind, such as C(total), C(free), C(unused), C(swap_total); only of the oVirt protocol.
      type: dict
      returned: always
      sample: {"total": 396361728, "free": 340787200}
    cpus:
      description: Processors that are online.
      type: int
      returned: always
      sample: 2
    applications:
      description: Packages that the agent reports with their versions; only of the oVirt protocol.
      type: list
      elements: str
      returned: always
      sample: ["qemu-guest-agent-7.2"]
    containers:
      description: Containers, with C(id), C(names), C(image), C(command), C(status); only of the oVirt protocol.
      type: list
      elements: dict
      returned: always
      sample: []
    commands:
      description: What qemu-ga allows to be asked of it; only over its socket.
      type: list
      elements: str
      returned: always
      sample: ["guest-fsfreeze-freeze"]
    fsfreeze:
      description: Whether the file systems are V(thawed) or V(frozen); only of qemu-ga over its socket.
      type: str
      returned: always
      sample: thawed
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.info import information
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.options import WHERE


def work(module: AnsibleModule, warn: Warn) -> dict[str, object]:
    """Do the work of the module."""
    return information(module.params, warn)


def main() -> None:
    """Run the module."""
    run_module(WHERE, work)


if __name__ == "__main__":
    main()
