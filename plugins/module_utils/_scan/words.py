# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What xCAT wants to know of a node that is new to it, beside what was scanned. Pure. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.model import BACKENDS
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest

GROUPS = ("vm", "all")
# The mark by which xCAT knows that it must not make the disks of such a node.
_SCANNED = "nodefromrscan"
# xCAT's word for the way to manage a guest of a backend; it has none for others.
_MANAGED = {"libvirt": "kvm", "esx": "esx", "ovirt": "rhevm", "vdsm": "rhevm"}
_CONSOLE = {"serialport": "0", "serialspeed": "115200"}


def new_node(guest: ScannedGuest) -> dict[str, str]:
    """The attributes of a new node in xCAT's words, without its groups."""
    # A scan of libvirt gives the domain's type, a mapping that of its backend.
    managed = _MANAGED.get(guest.type) if guest.type in BACKENDS else "kvm"
    console = _CONSOLE if managed == "kvm" else {}
    return {**guest.attributes(), **({"mgt": managed} if managed else {}), **console, "vmothersetting": _SCANNED}


def with_groups(existing: str) -> str:
    """A list of groups with those that every guest is in."""
    groups = [group for group in existing.split(",") if group]
    if not groups:
        return ",".join(GROUPS)
    return ",".join([*groups, *(group for group in GROUPS if group not in groups)])
