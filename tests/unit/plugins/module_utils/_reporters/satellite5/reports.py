# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reports to a Satellite 5 on loopback, each in a folder of its own."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Partial
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.client import report
from ansible_collections.virtmap.core.tests.servers.satellite5 import Satellite5Server

UUID = "564dae86-b20b-0214-0203-dc50d3be0ec2"
UUID_2 = "564dae86-b20b-0214-0203-dc50d3be0ec3"
SECRET = "secret123"
Mapping = dict[str, t.Any]


def guest(uuid: str = UUID, state: str = "running", name: str | None = "web1") -> dict[str, t.Any]:
    return {"uuid": uuid, "name": name, "state": state}


def mapping(backend: str = "esx", /, **hypervisors: t.Any) -> Mapping:
    """A mapping with these hypervisors: id to guests."""
    return {
        "backend": backend,
        "source": "vc.example.com",
        "collected_at": "2026-11-21T08:00:00Z",
        "hypervisors": [{"id": key, "guests": guests} for key, guests in hypervisors.items()],
    }


class Reporter:
    """The reporter, its server and its folder."""

    def __init__(self, server: Satellite5Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.warnings: list[str] = []
        self.options: dict[str, t.Any] = {
            "server": server.url,
            "username": "admin",
            "password": SECRET,
            "systemid_dir": str(folder),
            "allow_empty": False,
            "timeout": 5,
            "validate_certs": True,
            "ca_path": None,
            "proxy": "",
        }

    def __call__(
        self, *mappings: Mapping, check_mode: bool = False, diff: bool = False, **options: t.Any
    ) -> dict[str, t.Any]:
        """Report; the calls and warnings are those of this report."""
        self.server.calls.clear()
        self.warnings.clear()
        everything = {**self.options, **options, "mappings": list(mappings)}
        return report(everything, check_mode=check_mode, diff=diff, warn=self.warnings.append)

    def failing(self, *mappings: Mapping, **options: t.Any) -> Partial:
        """Report, which fails for some hypervisors; what every failure has to be is checked here."""
        with pytest.raises(Partial) as caught:
            self(*mappings, **options)
        error = caught.value
        assert "\n" not in error.message
        assert SECRET not in json.dumps(error.result) + error.message
        assert "<params>" not in json.dumps(error.result) + error.message
        return error

    @property
    def calls(self) -> list[str]:
        """The methods that the last report called."""
        return list(self.server.calls)

    def host(self, name: str) -> int:
        """The number of the only profile of this name."""
        (found,) = [system.id for system in self.server.database.systems.values() if system.name == name]
        return found

    def states(self, name: str) -> dict[str, str | None]:
        """What the server holds for the only profile of this name."""
        return self.server.guest_states(self.host(name))

    def file(self, hypervisor: str) -> Path:
        """Where the system id is kept."""
        return self.folder / f"{self.server.host}_{self.server.port}" / f"{hypervisor}.json"


def groups(result: t.Mapping[str, t.Any]) -> dict[str, list[str]]:
    """The lists of a result that are not empty; of failures the ids."""
    found = {key: result[key] for key in ("registered", "recovered", "notified", "unchanged") if result[key]}
    failed = [entry["id"] for entry in result["failed_hosts"]]
    return {**found, **({"failed": failed} if failed else {})}
