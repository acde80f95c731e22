# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Fixtures of the tests of the backend libvirt: private daemons, and the backend as modules call it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import libvirt
import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.tests.lab.libvirtd import Libvirtd, add_guest

HOSTILE = "{{ lookup('pipe', 'id') }}"
GUESTS = {"web1": "running", "db1": "paused", HOSTILE: "shut_off"}
TIMEOUT = 120


class Gathered(t.NamedTuple):
    """What a run of the backend gave."""

    mapping: dict[str, t.Any]
    warnings: list[str]

    @property
    def hypervisor(self) -> dict[str, t.Any]:
        (hypervisor,) = self.mapping["hypervisors"]
        return hypervisor

    @property
    def states(self) -> dict[str, str]:
        return {guest["name"]: guest["state"] for guest in self.hypervisor["guests"]}


def gather_from(uri: str, **options: t.Any) -> Gathered:
    """Run the backend; ``hypervisor_id`` and the filters are options as well."""
    warnings: list[str] = []
    selection = Selection.from_options(options)
    mapping = collect({"timeout": TIMEOUT, **options, "uri": uri}, selection, warnings.append)
    return Gathered(mapping.to_dict(), warnings)


@pytest.fixture(name="gather", scope="session")
def _gather() -> t.Callable[..., Gathered]:
    return gather_from


@pytest.fixture(scope="session")
def daemon() -> t.Iterator[Libvirtd]:
    """A healthy daemon with three QEMU guests, on all transports. Tests must leave it as it is."""
    with Libvirtd(tcp="sasl", tls=True) as running:
        connection = libvirt.open(running.uri())
        for name, state in GUESTS.items():
            add_guest(connection, name, state)
        connection.close()
        yield running


@pytest.fixture
def doomed() -> t.Iterator[Libvirtd]:
    """A daemon to be frozen and killed; it serves the test driver."""
    with Libvirtd(tcp="none") as running:
        yield running


@pytest.fixture
def node_folder(tmp_path: Path) -> Path:
    """A folder for node files that a daemon of another user can read, too."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == tmp_path.owner() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    return tmp_path


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let retries wait for nothing; the list is how long they would have."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses
