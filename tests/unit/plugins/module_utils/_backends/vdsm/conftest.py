# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collecting from our VDSM."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm import client
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.vdsm import (
    Files,
    Habits,
    Host,
    Machine,
    VdsmServer,
    host_pair,
    lay_out,
    made_id,
)

WEB, DB = made_id("web"), made_id("db")


def two_machines() -> list[Machine]:
    """A running and a paused machine."""
    return [Machine(WEB, "web"), Machine(DB, "db", "Paused")]


class Hypervisor:
    """A host that runs a VDSM, with what lies on its disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = CertificateAuthority(folder / "ca")
        self.pair = host_pair(self.authority)
        self.warnings: list[str] = []
        self.server: VdsmServer
        self.files: Files

    def start(self, model: Host | None = None, *, tls: bool = True, pair: t.Any = None, **habits: t.Any) -> VdsmServer:
        """Run VDSM; its configuration names its port."""
        model = model or Host(two_machines())
        context = self.authority.server_context(pair or self.pair, client_ca=self.authority, client_required=True)
        self.server = VdsmServer(model, habits=Habits(**habits), tls=context if tls else None).start()
        self.files = lay_out(self.folder / "vdsm", self.authority, self.pair, self.server.port, tls)
        return self.server

    def gather(self, **options: t.Any) -> Mapping:
        """Collect as the module does, with the host's own configuration unless the options say otherwise."""
        self.warnings.clear()
        given = {"vdsm_conf": str(self.files.conf), "timeout": 10, **options}
        values = (OPTIONS + SELECTION).validate(given, "vdsm")
        return client.collect(values, Selection.from_options(values), self.warnings.append)


@pytest.fixture
def hypervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Hypervisor]:
    """A host whose VDSM is stopped in the end; pauses between attempts are real, but short."""
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    found = Hypervisor(tmp_path)
    yield found
    if hasattr(found, "server"):
        found.server.__exit__(None, None, None)
