# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A fleet of hypervisors and guests, described without any backend: what the contract suite asks each to show."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass, field, replace

from ansible_collections.virtmap.core.plugins.module_utils._core.model import FactValue, GuestState

# What an attacker calls a guest: a template, markup, a formula, a path, a shell command, log lines, YAML.
HOSTILE_NAMES = (
    "{{ lookup('pipe', 'id') }}",
    "{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}",
    "<script>alert(1)</script>&amp;]]>",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "$(reboot); `reboot`",
    "two\nlines\x1b[31m",
    "\u202egnp.exe \u0130\u0131 \U0001f4a3",
    "!unsafe &anchor *alias",
)


@dataclass(frozen=True)
class GuestSpec:
    """A guest as the source holds it.

    Attributes:
        uuid: the id that is reported; None for an object that is broken: it has none.
        name: None where the backend does not know names.
    """

    uuid: str | None
    name: str | None
    state: GuestState = GuestState.RUNNING


@dataclass(frozen=True)
class HostSpec:
    """A hypervisor as the source holds it.

    Attributes:
        ids: by the word of hypervisor_id; an object whose ids are all None is broken.
        facts: what the mapping is to tell of it; a backend's adapter fills in what its source lets it know.
    """

    ids: dict[str, str | None]
    uuid: str | None
    name: str | None
    cluster: str | None = None
    parent: str | None = None
    facts: dict[str, FactValue] = field(default_factory=dict)
    guests: tuple[GuestSpec, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether nothing names it."""
        return not any(self.ids.values())


@dataclass(frozen=True)
class Fleet:
    """All hosts of a source, and the guests that no host runs."""

    hosts: tuple[HostSpec, ...]
    unplaced: tuple[GuestSpec, ...] = ()


def made_uuid(*words: object) -> str:
    """A uuid that is always the same for the same words."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, ".".join(map(str, words))))


def guest(host: int, number: int, state: GuestState = GuestState.RUNNING) -> GuestSpec:
    """An ordinary guest."""
    return GuestSpec(made_uuid("guest", host, number), f"guest-{host}-{number}", state)


def host(number: int, guests: t.Iterable[GuestSpec] = ()) -> HostSpec:
    """An ordinary host; hosts 0 and 1 are in the cluster Blue, the others in Green."""
    cluster, parent = ("Blue", "domain-c7") if number < 2 else ("Green", "domain-c8")
    system = made_uuid("host", number)
    name = f"host{number}.example.com"
    return HostSpec(
        ids={"uuid": system, "hwuuid": f"host-{number}", "hostname": name},
        uuid=system,
        name=name,
        cluster=cluster,
        parent=parent,
        guests=tuple(guests),
    )


def standard_fleet(placed: t.Sequence[GuestState], unplaced: t.Sequence[GuestState]) -> Fleet:
    """Three hosts: one with a guest in every state that hosts show, one with a single guest, one empty."""
    first = host(0, [guest(0, number, state) for number, state in enumerate(placed)])
    return Fleet(
        (host(2), host(1, [guest(1, 0)]), first),
        tuple(guest(9, number, state) for number, state in enumerate(unplaced)),
    )


def hostile_fleet() -> Fleet:
    """One host, whose own, cluster's and guests' names are attacks."""
    guests = [
        GuestSpec(made_uuid("hostile", number), name, GuestState.RUNNING) for number, name in enumerate(HOSTILE_NAMES)
    ]
    named = replace(host(0, guests), name=HOSTILE_NAMES[0], cluster=HOSTILE_NAMES[0])
    return Fleet((replace(named, ids={**named.ids, "hostname": HOSTILE_NAMES[0]}),))


def broken_fleet() -> Fleet:
    """A good host with a good and a broken guest, and a broken host."""
    good = host(0, [guest(0, 0), GuestSpec(None, "broken-guest")])
    return Fleet((good, replace(host(1), ids=dict.fromkeys(("uuid", "hwuuid", "hostname")), uuid=None)))


def fleet_with_twins() -> Fleet:
    """Two guests of one host with one uuid, as a careless copy of a machine makes them."""
    return Fleet((host(0, [guest(0, 0), replace(guest(0, 0), name="the-copy"), guest(0, 2)]),))


def large_fleet(hosts: int, guests: int) -> Fleet:
    """So many hosts with so many guests each."""
    return Fleet(tuple(host(number, [guest(number, index) for index in range(guests)]) for number in range(hosts)))
