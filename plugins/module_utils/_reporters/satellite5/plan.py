# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What is sent for one hypervisor: its profile and its plan. Pure. Private to this collection.

Wire: ``registration.virt_notify`` takes an array of ``[timestamp, action, target, properties]``. One item that the
server cannot digest rolls back the whole plan, so guests are checked here.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Hypervisor
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import xml_text

Item = list[t.Any]
# Bytes as UTF-8; the columns hold characters or bytes, depending on the server's database. A longer name of a guest
# makes the server fail, a longer name of a profile is cut in silence.
LONGEST_NAME = 128
# A host has always this uuid in its own plan.
_HOST_UUID = "0000000000000000"
_HEX = re.compile(r"[0-9a-fA-F]{1,32}")
STATE_WORDS = {
    GuestState.UNKNOWN: "nostate",
    GuestState.RUNNING: "running",
    GuestState.BLOCKED: "blocked",
    GuestState.PAUSED: "paused",
    GuestState.SHUTTING_DOWN: "shutdown",
    GuestState.SHUT_OFF: "shutoff",
    GuestState.CRASHED: "crashed",
    # The server has no word for it; virt-who falls back to this one, which counts as running.
    GuestState.SUSPENDED: "nostate",
}
# Which of two guests with one uuid is told: the one that is more alive. The server would keep the last in the plan.
_LIVELINESS = (
    GuestState.RUNNING,
    GuestState.BLOCKED,
    GuestState.PAUSED,
    GuestState.SHUTTING_DOWN,
    GuestState.SUSPENDED,
    GuestState.UNKNOWN,
    GuestState.CRASHED,
    GuestState.SHUT_OFF,
)


@dataclass(frozen=True)
class LeftOut:
    """A guest that the server cannot take, and why."""

    guest: Guest
    reason: str


@dataclass
class Plan:
    """What is sent for one hypervisor.

    Attributes:
        items: the plan as it travels.
        states: the state word of each guest by its uuid, as the server stores uuids.
        left_out: guests that are not part of it.
    """

    items: list[Item]
    states: dict[str, str]
    left_out: list[LeftOut]

    @property
    def digest(self) -> str:
        """The same for two plans that tell the server the same."""
        text = json.dumps(self.items, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()


def profile_name(hypervisor_id: str, virt_type: str) -> str:
    """The name under which a hypervisor is registered; as virt-who's, but for names that the server would cut."""
    return _limited(f"{virt_type} hypervisor {hypervisor_id}")


def build(hypervisor: Hypervisor, virt_type: str) -> Plan:
    """The plan of a hypervisor whose guests are known.

    Args:
        virt_type: virt-who's word for the backend.
    """
    chosen: dict[str, Guest] = {}
    left_out = []
    for guest in hypervisor.guests or ():
        reason = _unfit(guest)
        if reason is not None:
            left_out.append(LeftOut(guest, reason))
            continue
        uuid = stored_uuid(guest.uuid)
        other = chosen.get(uuid)
        if other is None or _LIVELINESS.index(guest.state) < _LIVELINESS.index(other.state):
            chosen[uuid] = guest
    guests = [chosen[uuid] for uuid in sorted(chosen)]
    items: list[Item] = [
        [0, "exists", "system", {"identity": "host", "uuid": _HOST_UUID}],
        # Both marks, always: without the second one the next report of another host would stop guests of this one.
        [0, "crawl_began", "system", {}],
        *(_domain(guest, hypervisor.id, virt_type) for guest in guests),
        [0, "crawl_ended", "system", {}],
    ]
    return Plan(items, {uuid: STATE_WORDS[chosen[uuid].state] for uuid in sorted(chosen)}, left_out)


def stored_uuid(uuid: str) -> str:
    """A guest's uuid as the server stores it: 32 hex digits in lower case."""
    return _undashed(uuid).lower().zfill(32)


def _undashed(uuid: str) -> str:
    return uuid.strip().replace("-", "")


def _unfit(guest: Guest) -> str | None:
    digits = _undashed(guest.uuid)
    if not _HEX.fullmatch(digits):
        return "its uuid is not made of at most 32 hex digits"
    if not digits.strip("0"):
        return "its uuid is all zeros, by which the server means the hypervisor itself"
    return None


def _domain(guest: Guest, hypervisor_id: str, virt_type: str) -> Item:
    properties = {
        "vcpus": 1,
        "memory_size": 0,
        "virt_type": "fully_virtualized",
        "uuid": _undashed(guest.uuid),
        "name": _limited(f"VM {guest.uuid} from {virt_type} hypervisor {hypervisor_id}"),
        "state": STATE_WORDS[guest.state],
    }
    return [0, "exists", "domain", properties]


def _limited(name: str) -> str:
    """A name that fits; what had to be cut off is replaced by a digest, so that two long names stay two."""
    text = xml_text(name)
    data = text.encode("utf-8")
    if len(data) <= LONGEST_NAME:
        return text
    mark = "~" + hashlib.sha256(data).hexdigest()[:16]
    return data[: LONGEST_NAME - len(mark)].decode("utf-8", "ignore") + mark
