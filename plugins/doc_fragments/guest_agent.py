# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options that the modules for guest agents share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  socket:
    description:
      - Path of the unix socket that is the host's end of the channel.
      - For hosts without libvirt, and for channels that libvirt does not hold itself.
    type: path
  domain:
    description:
      - Name or UUID of a guest of libvirt. Its channel is found in its definition; a guest agent of QEMU is asked
        through libvirt.
      - One of O(socket) and O(domain) is needed.
    type: str
  uri:
    description: URI of the libvirt that has O(domain).
    type: str
    default: qemu:///system
  protocol:
    description:
      - Which agent is in the guest, V(qemu) for qemu-ga, V(ovirt) for one that speaks the protocol of the oVirt guest
        agent.
      - With V(auto) a domain with the channel C(org.qemu.guest_agent.0) has qemu-ga, and a socket whose name ends so
        leads to it; everything else is V(ovirt).
    type: str
    choices: [auto, ovirt, qemu]
    default: auto
  timeout:
    description:
      - Seconds to wait for what the agent says.
      - The oVirt protocol sends the use of memory each five seconds only, so the answer takes that long.
    type: int
    default: 15
requirements:
  - libvirt-python on the host that the task runs on, for O(domain).
notes:
  - Run the task on the host of the guest, with C(become); the channel is a local socket.
  - A channel serves one program at a time. On hosts of oVirt VDSM holds it; libvirt holds that of qemu-ga.
  - A guest chooses what it says. Control characters in it are replaced, and what is not of the protocol is left out
    with a warning.
attributes:
  platform:
    description: Operating systems that the task can run on.
    platforms: linux
    support: full
"""
