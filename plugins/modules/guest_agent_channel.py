#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that gives a domain the channels for guest agents."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_agent_channel
short_description: Give a libvirt guest the channels for guest agents
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Adds virtio-serial channels to a domain, to its definition and, where it runs, at once without a restart.
  - Channels that are there stay as they are, whatever they are for.
  - A guest that was started without a virtio-serial controller gets its channels with its next start, because libvirt
    cannot plug in the controller; RV(restart_needed) says so.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  domain:
    description: Name or UUID of the domain.
    type: str
    required: true
  names:
    description:
      - Names of the channels, such as V(org.qemu.guest_agent.0) for qemu-ga, V(ovirt-guest-agent.0) or
        V(com.redhat.rhevm.vdsm) for the oVirt protocol.
    type: list
    elements: str
    required: true
  uri:
    description: URI of the libvirt that has the domain.
    type: str
    default: qemu:///system
  timeout:
    description: Deadline of each call in seconds.
    type: int
    default: 30
requirements:
  - libvirt-python on the host that the task runs on.
seealso:
  - module: virtmap.core.guest_agent_info
"""

EXAMPLES = r"""
- name: Add the channel for qemu-ga
  virtmap.core.guest_agent_channel:
    domain: web1
    names: [org.qemu.guest_agent.0]
  become: true
"""

RETURN = r"""
added:
  description: The channels that were added, or would be in check mode.
  returned: success
  type: dict
  contains:
    definition:
      description: Those added to the definition, which holds from the next start on.
      type: list
      elements: str
      returned: always
      sample: ["org.qemu.guest_agent.0"]
    running:
      description: Those added to the running guest.
      type: list
      elements: str
      returned: always
      sample: ["org.qemu.guest_agent.0"]
restart_needed:
  description: Whether the guest must be stopped and started before it has the channels.
  returned: success
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.channels import OPTIONS, give_channels


def work(module: AnsibleModule, warn: Warn) -> dict[str, object]:
    """Do the work of the module."""
    return give_channels(module.params, module.check_mode, warn)


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
