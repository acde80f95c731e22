# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Mappings written briefly, and a history to put them in."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    Guest,
    GuestState,
    Hypervisor,
    Mapping,
    Skipped,
)
from ansible_collections.virtmap.core.plugins.module_utils._history.client import ask, keep


def moment(hour: int, day: int = 20) -> str:
    return f"2026-11-{day:02}T{hour:02}:00:00Z"


def mapping(
    at: str,
    hosts: t.Mapping[str, t.Sequence[str] | None],
    *,
    source: str = "vc.example.com",
    skipped: t.Sequence[str] = (),
    unplaced: t.Sequence[str] = (),
    off: t.Sequence[str] = (),
) -> dict[str, t.Any]:
    """A mapping: hypervisors by name, their guests by name."""

    def guest(name: str) -> Guest:
        return Guest(f"UUID-{name}", name, GuestState.SHUT_OFF if name in off else GuestState.RUNNING)

    hypervisors = [
        Hypervisor(f"ID-{host}", name=host, guests=None if guests is None else [guest(name) for name in guests])
        for host, guests in hosts.items()
    ]
    left_out = [Skipped("host", name, "the host is disconnected") for name in skipped]
    return Mapping("esx", source, at, hypervisors, left_out, [guest(name) for name in unplaced]).to_dict()


class History:
    """A history as the two modules see it.

    Args:
        store: the options that say where it is.
    """

    def __init__(self, **store: t.Any) -> None:
        self.store = {
            **dict.fromkeys(("path", "server", "username", "password", "ca_path")),
            "port": 5432,
            "database": "virtmap",
            "timeout": 20,
            "validate_certs": True,
            **store,
        }
        self.warnings: list[str] = []

    def keep(self, *mappings: dict[str, t.Any], check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        more = {"keep_days": None, "allow_empty": False, **options}
        values = {**self.store, "mappings": list(mappings), **more}
        return keep(values, check_mode=check_mode, diff=True, warn=self.warnings.append)

    def ask(self, query: str, **options: t.Any) -> list[dict[str, t.Any]]:
        more = {"guest": None, "since": None, "until": None, "silent_hours": 26, **options}
        answer = ask({**self.store, "query": query, **more})
        return t.cast(
            "list[dict[str, t.Any]]", answer[{"guest": "placements", "moves": "moves", "silent": "silent"}[query]]
        )

    def where(self, guest: str, since: str | None = None, until: str | None = None) -> list[tuple[t.Any, ...]]:
        """Hypervisor, state, first, last and ending run of each placement."""
        keys = ("hypervisor_name", "state", "from", "last_seen", "until")
        return [tuple(place[key] for key in keys) for place in self.ask("guest", guest=guest, since=since, until=until)]
