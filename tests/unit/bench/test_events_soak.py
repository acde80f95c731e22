# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A day of events, one after the other, through all that the event source is made of."""

from __future__ import annotations

import json
import os
import random
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Lost
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Hypervisor, Mapping
from ansible_collections.virtmap.core.tests.unit.taking_events import Taken, watched

MEBIBYTE = 1024 * 1024


def resident() -> int:
    """The memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Fleet:
    """A fleet that changes at random; it knows where each guest is."""

    def __init__(self, hosts: int, guests: int) -> None:
        self._random = random.Random(12)
        self._guests = guests
        self.places = {f"g{number}": number % hosts for number in range(guests)}
        self._hosts = hosts
        self.changes = 0

    def change(self, count: int) -> Mapping:
        """Move, remove or add so many different guests, and tell the whole."""
        for number in self._random.sample(range(self._guests), count):
            name = f"g{number}"
            if name not in self.places:
                self.places[name] = self._random.randrange(self._hosts)
            elif self._random.random() < 0.2:
                del self.places[name]
            else:
                self.places[name] = (self.places[name] + self._random.randrange(1, self._hosts)) % self._hosts
        self.changes += count
        return self.mapping()

    def mapping(self) -> Mapping:
        guests: dict[int, list[Guest]] = {number: [] for number in range(self._hosts)}
        for name, host in self.places.items():
            guests[host].append(Guest(name, name, GuestState.RUNNING))
        hosts = [Hypervisor(str(number), guests=found) for number, found in guests.items()]
        return Mapping("esx", "vc", f"2026-11-21T08:{self.changes // 60 % 60:02}:{self.changes % 60:02}Z", hosts)


def test_a_day_of_50000_events_loses_none_and_memory_stays_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, each, lost_every = 1000, 50, 100
    fleet = Fleet(hosts=10, guests=100)
    first = dict(fleet.places)

    def watch(_options: t.Any, _selection: t.Any, warn: t.Any, stop: threading.Event) -> t.Iterator[Mapping]:
        yield fleet.mapping()
        for number in range(rounds):
            changed = fleet.change(each)
            if number % lost_every == 1:
                # What changed meanwhile is in the first mapping of the next connection.
                warn(Lost("the daemon was killed"))
            yield changed
        stop.wait()

    seen = 0
    heard = first
    reported: dict[str, set[str]] = {}
    memory: dict[int, int] = {}
    with Taken(watched(monkeypatch, watch)) as taken:
        event: dict[str, t.Any] = {"type": ""}
        while seen < rounds * each or event["type"] != "changed":
            event = taken.next()
            seen += event["type"].startswith("guest_")
            if event["type"] == "guest_gone":
                assert heard.pop(event["guest"]) == int(event["hypervisor"])
            elif "guest" in event:
                heard[event["guest"]] = int(event["hypervisor"])
            for text in event.get("mappings", []):
                for host in json.loads(text)["hypervisors"]:
                    reported[host["id"]] = {guest["uuid"] for guest in host["guests"]}
            if seen % 5000 == 0 and event["type"] == "changed":
                memory[seen] = resident()
    assert seen == fleet.changes == 50_000
    assert heard == fleet.places
    told = {guest: int(host) for host, guests in reported.items() for guest in guests}
    assert told == fleet.places, "what was reported is where the guests are"
    assert memory[50_000] < memory[5_000] + 8 * MEBIBYTE, memory
