# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collecting from a vCenter on a loopback socket."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.tests.servers.vcenter import Inventory, Ref, VCenterServer, vcenter

PASSWORD = "secret"
# The calls for an inventory that fits one page.
GOOD = [
    "RetrieveServiceContent",
    "Login",
    "CreateContainerView",
    "RetrievePropertiesEx",
    "DestroyView",
    "Logout",
]


def complete(server: str, **options: t.Any) -> dict[str, t.Any]:
    """All options, as a user's few become."""
    usual = {"server": server, "username": "administrator@vsphere.local", "password": PASSWORD, "timeout": 10}
    return (OPTIONS + SELECTION).validate({**usual, **options}, "test")


@dataclass
class Collector:
    """Collects and keeps the warnings."""

    warnings: list[str] = field(default_factory=list)

    def __call__(self, server: VCenterServer | str, **options: t.Any) -> Mapping:
        """The mapping of a server, with these options beside the usual ones."""
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
    """A small vCenter: the cluster Blue with two hosts, a host outside clusters, and their machines."""

    inventory: Inventory
    folder: Ref
    cluster: Ref
    esx1: Ref
    esx2: Ref
    alone: Ref
    machines: dict[str, Ref]


@pytest.fixture
def lab() -> Lab:
    inventory = vcenter()
    _datacenter, folder = inventory.add_datacenter("Berlin")
    cluster = inventory.add_cluster("Blue", folder)
    esx1 = inventory.add_host("esx1.example.com", cluster)
    esx2 = inventory.add_host("esx2.example.com", cluster)
    compute = inventory._new("ComputeResource", "domain-s", {"name": "alone.example.com", "parent": folder})
    alone = inventory.add_host("alone.example.com", compute)
    machines = {
        "web1": inventory.add_machine("web1", esx1),
        "web2": inventory.add_machine("web2", esx2),
        "db1": inventory.add_machine("db1", esx1),
        "old1": inventory.add_machine("old1", alone, config__version="vmx-11"),
    }
    return Lab(inventory, folder, cluster, esx1, esx2, alone, machines)


def placed(mapping: Mapping) -> dict[str, list[str]]:
    """Names of guests by the name of their hypervisor."""
    return {
        host.name or "": sorted(guest.name or "" for guest in host.guests or ())
        for host in sorted(mapping.hypervisors, key=lambda host: host.name or "")
    }
