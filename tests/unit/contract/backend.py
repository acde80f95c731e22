# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a backend tells the contract suite about itself: one object of ``Backend`` in ``backends/<name>.py``.

The suite hands a fleet to ``start``, which brings up a source that holds it: a server on a loopback port, a daemon, a
file. What the source cannot hold (a second host, a cluster, a guest's name) the adapter leaves out, and says so by
returning the fleet that is really there.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState, Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION, OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request
from ansible_collections.virtmap.core.tests.servers._http.plan import Fault
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet

Collect = t.Callable[[t.Mapping[str, t.Any], Selection, t.Callable[[str], None]], Mapping]


@dataclass
class Source:
    """A source that runs.

    Attributes:
        options: what a user would write to reach it, credentials included.
        fleet: what it really holds, facts filled in with what the mapping is to tell.
        name: what the mapping's ``source`` must be.
        secrets: values of the options that must never be shown.
        skipped: (kind, name) of each broken object that the mapping must name.
        server: the server behind it, where it is one of ours; it takes faults and has a log.
    """

    options: dict[str, t.Any]
    fleet: Fleet
    name: str
    secrets: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    server: HttpServer | None = None


@dataclass(frozen=True)
class HttpFaults:
    """How the shared faults look for a backend that speaks HTTP.

    Attributes:
        address: options that reach another host and port, the rest of the options unchanged.
        logins: how many requests come before the first one for data (log in, service content, ...).
        second_page: tells the request for a second page of data; None where the protocol has no pages.
        paged_fleet: the number of hosts and of guests for each that surely take two pages.
        login: tells a request that logs in; None where every request carries its credentials.
        expired: how the server says that a session is over; met once by a request for data.
        instead: for the name of a row (see faults.rows), the fault as this protocol says it.
        errors: for the name of a row, the error that is right where it is not the row's own.
        heals: names of rows that the backend overcomes by itself, so that it returns the whole mapping; among them may
            be session_expires and, where it can do without a session, session_always_expires.
    """

    address: t.Callable[[str, int], dict[str, t.Any]] = lambda host, port: {"server": host, "port": port}
    logins: int = 0
    second_page: t.Callable[[Request], bool] | None = None
    paged_fleet: tuple[int, int] = (120, 2)
    login: t.Callable[[Request], bool] | None = None
    expired: Fault | None = None
    instead: t.Mapping[str, Fault] = field(default_factory=dict)
    errors: t.Mapping[str, type[VirtmapError]] = field(default_factory=dict)
    heals: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FramedFaults:
    """How the shared faults look for a backend that speaks frames over TLS, not HTTP.

    Attributes:
        address: options that reach another host and port, where the certificate is checked for its name.
        data: tells the frame that asks for the guests.
        pauses: the module whose FIRST_PAUSE is the pause before a second attempt.
    """

    address: t.Callable[[Source, str, int], dict[str, t.Any]]
    data: t.Callable[[Request], bool]
    pauses: ModuleType


@dataclass(frozen=True)
class Backend:
    """One backend before the contract.

    Attributes:
        name: its word in ``backend`` of the mapping, and the beginning of its module's name.
        group: its options, without those of the selection.
        ids: the words of hypervisor_id that it has.
        start: brings up a source that holds the fleet as far as it can, in a folder of its own.
        dead: options that are valid but reach nothing, to show what is refused before anything is contacted.
        states: the states that its guests on a host can have.
        unplaced: the states of its guests that no host runs; empty where it knows no such guests.
        never_broken: why no object of this source can be broken; empty where one can.
        id_is_fixed: the ids stand in the source and hypervisor_id has no effect (backend file).
        http: for the fault suite; None for a backend that does not speak HTTP.
        framed: for the fault suite; None for a backend that does not speak frames.
        label: name of the test parameters, where one backend stands in the registry twice.
        has_module: False for the example only.
    """

    name: str
    group: OptionGroup
    collect: Collect
    ids: tuple[str, ...]
    start: t.Callable[[Fleet, Path], contextlib.AbstractContextManager[Source]]
    dead: dict[str, t.Any]
    states: tuple[GuestState, ...] = tuple(GuestState)
    unplaced: tuple[GuestState, ...] = ()
    never_broken: str = ""
    id_is_fixed: bool = False
    http: HttpFaults | None = None
    framed: FramedFaults | None = None
    label: str = ""
    has_module: bool = True

    @property
    def shown(self) -> str:
        """The name in test ids and tables."""
        return self.label or self.name

    def run(self, options: t.Mapping[str, t.Any]) -> tuple[Mapping, list[str]]:
        """Collect as the module does, from options as a user writes them; the mapping and the warnings."""
        warnings: list[str] = []
        values = (self.group + SELECTION).validate(options, self.name)
        return self.collect(values, Selection.from_options(values), warnings.append), warnings
