# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Which guests of a scan are written into a store. Pure. Private to this collection.

The rules are those of xCAT's design of ``rscan`` for its flags -w, -u and -n. Where that leaves the outcome to the order in
which hypervisors answer, here the order decides in which they were given.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import asdict, dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest

MODES = ("list", "write", "update", "new")
LONGEST_NAME = 128
_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Known:
    """What a store says about a name.

    Attributes:
        host: the hypervisor; empty where the store has the guest on none; None where the name is there, but not as that
            of a guest.
        obstacle: why the entry cannot be changed; None where it can.
    """

    host: str | None
    obstacle: str | None = None


class Lookup(t.Protocol):
    """The part of a store that decisions are made with."""

    def lookup(self, name: str) -> Known | None:
        """What the store says about a name; None when it does not know it."""

    def taken(self, name: str) -> str | None:
        """Why a name cannot become that of a guest although no guest has it; None when it can."""


@dataclass(frozen=True)
class Conflict:
    """A claim of a hypervisor to a name that was not granted.

    Attributes:
        existing: the hypervisor that has the name; empty for none, None when the name itself is the reason.
    """

    name: str
    hypervisor: str
    existing: str | None
    reason: str

    def to_dict(self) -> dict[str, t.Any]:
        """The conflict as results show it."""
        return asdict(self)


@dataclass
class Decisions:
    """What is to be done.

    Attributes:
        new: guests that the store does not know yet.
        known: guests that the store knows on the same hypervisor.
    """

    new: list[ScannedGuest] = field(default_factory=list)
    known: list[ScannedGuest] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def decide(guests: t.Sequence[ScannedGuest], mode: str, store: Lookup, hypervisors: t.Container[str]) -> Decisions:
    """Decide about all guests of a scan.

    Args:
        guests: in the order in which their hypervisors were given.
        mode: one of MODES.
        hypervisors: the names of the hypervisors that were scanned.
    """
    decisions = Decisions()
    if mode == "list":
        return decisions
    claims: dict[str, list[ScannedGuest]] = {}
    for guest in guests:
        if guest.name:
            claims.setdefault(guest.name, []).append(guest)
        elif mode != "update":
            name = guest.uuid or "unknown"
            decisions.conflicts.append(Conflict(name, guest.hypervisor, None, "the guest has no name"))
    for name, claimants in claims.items():
        known = store.lookup(name)
        if known is not None and known.host is not None:
            if mode != "new":
                _known(decisions, claimants, known, mode)
        elif mode != "update":
            _unknown(decisions, claimants, known, store, hypervisors)
    return decisions


def refused_name(name: str) -> str | None:
    """Why xCAT takes no node of this name; None when it does."""
    if len(name) > LONGEST_NAME:
        return f"xCAT takes no name of more than {LONGEST_NAME} characters"
    if _NAME.fullmatch(name):
        return None
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "xCAT takes only letters, digits, - and _ in a name, or an IP address"
    return None


def _unknown(
    decisions: Decisions,
    claimants: list[ScannedGuest],
    known: Known | None,
    store: Lookup,
    hypervisors: t.Container[str],
) -> None:
    name = claimants[0].name or ""
    reason = refused_name(name) or store.taken(name) or (known.obstacle if known is not None else None)
    if reason is None and name in hypervisors:
        reason = "a hypervisor that was scanned has this name"
    if reason is not None:
        decisions.conflicts += [Conflict(name, guest.hypervisor, None, reason) for guest in claimants]
        return
    decisions.new.append(_last(decisions, claimants))


def _known(decisions: Decisions, claimants: list[ScannedGuest], known: Known, mode: str) -> None:
    name, host = claimants[0].name or "", known.host or ""
    same = [guest for guest in claimants if guest.hypervisor == host and known.obstacle is None]
    if same:
        found: list[Conflict] = []
        decisions.known.append(_last(Decisions(conflicts=found), same))
        decisions.conflicts += found if mode == "write" else []
    if mode != "write":
        return
    kept = f"the store has it on {shown(host)}, which was kept" if host else "the store has it on no hypervisor"
    for guest in claimants:
        if known.obstacle is not None:
            decisions.conflicts.append(Conflict(name, guest.hypervisor, host, known.obstacle))
        elif guest.hypervisor != host:
            decisions.conflicts.append(Conflict(name, guest.hypervisor, host, kept))


def _last(decisions: Decisions, claimants: list[ScannedGuest]) -> ScannedGuest:
    """Of several guests with one name the last one that was found; the others are conflicts."""
    last = claimants[-1]
    decisions.conflicts += [
        Conflict(
            guest.name or "",
            guest.hypervisor,
            last.hypervisor,
            f"found again on {shown(last.hypervisor)}, later in the scan, which was kept",
        )
        for guest in claimants[:-1]
    ]
    return last
