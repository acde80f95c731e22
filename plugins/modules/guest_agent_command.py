#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that has a guest agent do something."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_agent_command
short_description: Have the agent in a guest do something
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Gives the agent in a guest one command, and waits for the proof that it was obeyed where there is one.
  - A command is sent only to an agent that has just answered. Otherwise it could lie in the channel and be obeyed by an
    agent that starts hours later.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.guest_agent
attributes:
  check_mode:
    support: full
    details:
      - The agent is asked whether it answers, and told nothing.
      - V(fsfreeze) and V(fsthaw) say whether the file systems are in that state already.
  diff_mode:
    support: none
options:
  command:
    description:
      - V(shutdown) and V(reboot) end the guest in good order; both protocols have them.
      - V(hibernate) saves the guest to its own disk, V(lock) and V(logoff) lock and end the session at its desktop,
        V(login) logs a user in there. Only the oVirt protocol has them.
      - V(fsfreeze) and V(fsthaw) freeze and thaw the file systems, for a snapshot. Only qemu-ga has them.
    type: str
    required: true
    choices: [shutdown, reboot, hibernate, lock, logoff, login, fsfreeze, fsthaw]
  delay:
    description:
      - Seconds before V(shutdown) or V(reboot). Linux guests round it up to minutes.
      - qemu-ga knows no delay; with it, one is refused.
    type: int
    default: 0
  notice:
    description: What users of the guest are told before it goes down; only of the oVirt protocol.
    type: str
  username:
    description: Who is to be logged in, as V(user) or V(user@domain).
    type: str
  password:
    description: The password for O(username). It goes through the channel in clear text.
    type: str
  wait:
    description:
      - Whether to wait for the proof.
      - A guest that takes V(shutdown), V(reboot) or V(hibernate) and then does not do it fails the task.
      - libvirt itself answers to V(shutdown) and V(reboot) only when the guest goes down, or after a minute, so with
        O(domain) and qemu-ga the task takes that long in any case.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for the proof, after O(delay).
    type: int
    default: 180
seealso:
  - module: virtmap.core.guest_agent_info
"""

EXAMPLES = r"""
- name: Shut a guest down and wait until it is off
  virtmap.core.guest_agent_command:
    domain: web1
    command: shutdown
  become: true

- name: Reboot in two minutes and tell the users why
  virtmap.core.guest_agent_command:
    socket: /run/guests/web1.ovirt-guest-agent.0
    command: reboot
    delay: 120
    notice: A new kernel is installed
  become: true

- name: Freeze the file systems for a snapshot
  virtmap.core.guest_agent_command:
    domain: web1
    command: fsfreeze
  become: true
"""

RETURN = r"""
command:
  description: The command.
  returned: always
  type: str
  sample: shutdown
protocol:
  description: Which protocol was spoken, V(ovirt) or V(qemu).
  returned: success
  type: str
  sample: qemu
source:
  description: The socket, or the domain and where it is.
  returned: always
  type: str
  sample: web1 at qemu:///system
confirmed:
  description:
    - Whether it is known that the command was obeyed. Of some, such as V(lock) on a server, nothing can be seen.
  returned: success
  type: bool
  sample: true
proof:
  description: How it is known; null when it is not.
  returned: success
  type: str
  sample: the guest does not run
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.command import carry_out
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.options import COMMAND, WHERE


def work(module: AnsibleModule, warn: Warn) -> dict[str, object]:
    """Do the work of the module."""
    return carry_out(module.params, module.check_mode, warn)


def main() -> None:
    """Run the module."""
    run_module(WHERE + COMMAND, work)


if __name__ == "__main__":
    main()
