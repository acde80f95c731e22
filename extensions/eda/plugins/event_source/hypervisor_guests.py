# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Event source: which guest runs on which hypervisor, as it changes."""

from __future__ import annotations

import asyncio
import os
import sys
import typing as t

DOCUMENTATION = r"""
---
short_description: Follow which guest runs on which hypervisor
description:
  - Follows any number of sources and gives an event for each change, within seconds where the hypervisor tells changes
    itself (libvirt, VMware, XenServer, KubeVirt), else by asking again and again.
  - A source that does not answer, or an answer without some hypervisor, never makes a guest gone. Events
    C(source_failed) and C(source_silent) tell of it; when the source is back, what happened meanwhile is told.
  - In the texts of events a space stands after each brace that would begin a template, because events become variables
    of playbooks, and names of guests are chosen by others. The JSON texts in C(mappings) hold the names as they are.
options:
  backend:
    description:
      - The kind of the source, for a single one. Its options stand beside it; they are those of the module
        C(virtmap.core.<backend>_hypervisor_guest_facts), with the same environment variables.
    type: str
    choices: [libvirt, esx, hyperv, xenserver, ovirt, vdsm, kubevirt, ahv, file]
  sources:
    description:
      - Several sources, each a dictionary with C(backend) and the options of that backend. A guest that goes from one
        source to another is told to have moved.
    type: list
    elements: dict
  defaults:
    description:
      - Options for all sources that do not give them themselves and have such an option, for example C(username) and
        C(password) from a credential. Empty ones do not count, nor do those that an option of the source excludes.
    type: dict
    default: {}
  initial:
    description:
      - Whether there is an event C(snapshot) for what each source tells first. Without it there are changes only.
    type: bool
    default: true
  native:
    description:
      - Whether the events of the hypervisor are used where there are some. Else it is asked again and again.
    type: bool
    default: true
  interval:
    description:
      - How many seconds there are between two readings of a source without native events.
    type: float
    default: 60
  repeat:
    description:
      - After how many seconds all is told again, in events C(snapshot); V(0) for never.
    type: float
    default: 0
  settle:
    description:
      - For how many seconds all has to be quiet before it is told what has changed. What comes and goes meanwhile is
        not told.
    type: float
    default: 0.5
  limit:
    description:
      - How many seconds there are at least between two events C(changed).
    type: float
    default: 10
  silent_after:
    description:
      - After how many seconds a source or hypervisor of which nothing is heard is told to be silent.
    type: float
    default: 300
  conflict_after:
    description:
      - After how many seconds a guest that is on two hypervisors is told to be on both. Before that it is taken to be on
        its way.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: One vCenter; the password comes from the environment variable VIRTMAP_ESX_PASSWORD
  virtmap.core.hypervisor_guests:
    backend: esx
    server: vcenter.example.com
    username: reader@vsphere.local

- name: Two hosts with KVM
  virtmap.core.hypervisor_guests:
    settle: 2
    sources:
      - backend: libvirt
        uri: qemu+tls://kvm1.example.com/system
      - backend: libvirt
        uri: qemu+tls://kvm2.example.com/system
"""


def _make_importable() -> None:
    """Let this collection be imported: ansible-rulebook runs this file by its path and sets nothing up."""
    for path in (os.path.abspath(__file__), os.path.realpath(__file__)):
        parts = path.split(os.sep)
        # <folder>/ansible_collections/virtmap/core/extensions/eda/plugins/event_source/<this file>
        if len(parts) > 9 and parts[-8] == "ansible_collections":
            collections = os.sep.join(parts[:-7])
            break
    else:
        raise ImportError(f"{__file__} does not lie in an installed collection, below a folder ansible_collections")
    folder = os.path.dirname(collections)
    if folder not in sys.path:
        sys.path.append(folder)
    import ansible_collections

    # The package ansible brings one of its own, with a fixed list of places.
    if collections not in list(ansible_collections.__path__):
        ansible_collections.__path__.append(collections)


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Follow the sources until cancelled.

    Args:
        queue: takes the events; it holds few, and putting waits.
        args: the options.
    """
    _make_importable()
    from ansible_collections.virtmap.core.plugins.module_utils._core.errors import VirtmapError
    from ansible_collections.virtmap.core.plugins.plugin_utils._event_source import following_for

    try:
        following = following_for(args)
        events = following.events()
        try:
            while True:
                # What asks the sources blocks, and must not hold up the loop.
                event = await asyncio.to_thread(next, events, None)
                if event is None:
                    return
                await queue.put(event)
        finally:
            following.stop()
    except VirtmapError as exc:
        # One plain sentence; where it was raised is of no use to the user.
        raise ValueError(exc.message) from None
