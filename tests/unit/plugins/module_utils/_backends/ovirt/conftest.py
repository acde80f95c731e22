# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collecting from an engine on a loopback socket."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.tests.servers.ovirt import Accounts, EngineServer, Host, Inventory

USER, PASSWORD = "reader@internal", "c0rrect+horse&battery"


def complete(server: str, **options: t.Any) -> dict[str, t.Any]:
    """All options, as a user's few become; None takes one away."""
    usual = {"server": server, "username": USER, "password": PASSWORD, "timeout": 10, **options}
    given = {name: value for name, value in usual.items() if value is not None}
    return (OPTIONS + SELECTION).validate(given, "test")


@dataclass
class Collector:
    """Collects and keeps the warnings."""

    warnings: list[str] = field(default_factory=list)

    def __call__(self, server: EngineServer | str, **options: t.Any) -> Mapping:
        """The mapping of an engine, with these options beside the usual ones."""
        values = complete(server if isinstance(server, str) else server.url, **options)
        return collect(values, Selection.from_options(values), self.warnings.append)


@pytest.fixture
def gather() -> Collector:
    return Collector()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)


@dataclass
class Lab:
    """A small engine: the cluster Blue with two hosts, a cluster for storage with one, and machines."""

    inventory: Inventory
    accounts: Accounts
    hosts: list[Host]

    def serve(self, **options: t.Any) -> EngineServer:
        """An engine with this inventory."""
        return EngineServer(self.inventory, self.accounts, **options)


@pytest.fixture
def lab() -> Lab:
    inventory = Inventory()
    blue = inventory.add_cluster("Blue")
    hosts = [inventory.add_host(f"host{number}.example.com", blue) for number in (1, 2)]
    inventory.add_host("gluster1.example.com", inventory.add_cluster("Storage", virt_service=False))
    for name, host in (("web1", hosts[0]), ("web2", hosts[1]), ("db1", hosts[0])):
        inventory.add_machine(name, host)
    inventory.add_machine("old1", None)
    return Lab(inventory, Accounts({USER: PASSWORD}), hosts)


def placed(mapping: Mapping) -> dict[str, list[str]]:
    """Names of guests by the name of their hypervisor."""
    return {
        host.name or "": sorted(guest.name or "" for guest in host.guests or ())
        for host in sorted(mapping.hypervisors, key=lambda host: host.name or "")
    }


PLACED = {"host1.example.com": ["db1", "web1"], "host2.example.com": ["web2"]}
