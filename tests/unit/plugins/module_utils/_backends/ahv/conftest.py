# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collecting from a Prism on a loopback socket."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.tests.servers._http.message import Response
from ansible_collections.virtmap.core.tests.servers._http.plan import Fault
from ansible_collections.virtmap.core.tests.servers._http.wire import Exchange
from ansible_collections.virtmap.core.tests.servers.ahv import AhvServer, Cluster, Node, Prism, Vm


@dataclass
class Collector:
    """Collects and keeps the warnings."""

    warnings: list[str] = field(default_factory=list)

    def __call__(self, server: AhvServer, **options: t.Any) -> dict[str, t.Any]:
        """The mapping of a server, with these options beside the usual ones."""
        usual = {"server": server.url, "username": "virtmap", "password": "secret", "timeout": 10}
        values = (OPTIONS + SELECTION).validate({"prism_central": server.central, **usual, **options}, "test")
        return collect(values, Selection.from_options(values), self.warnings.append).to_dict()


@pytest.fixture
def gather() -> Collector:
    return Collector()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)


def estate(guests: int = 3, hosts: int = 2) -> Prism:
    """A cluster with so many hosts, all guests on the first one; and the Prism Central."""
    blue = Cluster("Blue", "cluster-blue")
    nodes = [Node(f"ahv{number}.example.com", blue.uuid, f"host-{number}") for number in range(hosts)]
    vms = [Vm(f"vm{number:05}", "host-0", blue.uuid, "on", f"guest-{number:05}") for number in range(guests)]
    return Prism([blue, Cluster("PC", "cluster-pc", "PRISM_CENTRAL")], nodes, vms)


# A server of each API, by name; what each calls the list of guests.
SERVERS: dict[str, t.Callable[[Prism], AhvServer]] = {
    "v2": AhvServer,
    "v3": lambda prism: AhvServer(prism, central=True, has_v4=False),
    "v4": lambda prism: AhvServer(prism, central=True),
}
GUESTS = {"v2": r".*/v2\.0/vms", "v3": r".*/vms/list", "v4": r".*/ahv/config/vms"}


@pytest.fixture(params=sorted(SERVERS))
def api(request: pytest.FixtureRequest) -> str:
    """Each generation of the API."""
    return str(request.param)


# How many requests for that list come before the one for its first page: whether v4 is there at all.
PROBES = {"v2": 0, "v3": 0, "v4": 1}


def meanwhile(change: t.Callable[[], object]) -> Fault:
    """Something happens just before a good answer."""

    def act(exchange: Exchange) -> Response:
        change()
        return exchange.answer()

    return Fault("meanwhile", act)


def guests_of(mapping: dict[str, t.Any]) -> list[str]:
    """The uuids of all guests that a host runs."""
    return [guest["uuid"] for hypervisor in mapping["hypervisors"] for guest in hypervisor["guests"]]
