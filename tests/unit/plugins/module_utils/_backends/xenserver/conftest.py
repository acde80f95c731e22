# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collecting from a pool on a loopback socket."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.tests.servers.xenserver import XenServer

PASSWORD = "secret-of-root"


def complete(server: XenServer | str, **options: t.Any) -> dict[str, t.Any]:
    """All options, as a user's few become."""
    where = server if isinstance(server, str) else server.url
    usual = {"server": where, "username": "root", "password": PASSWORD, "timeout": 10}
    return (OPTIONS + SELECTION).validate({**usual, **options}, "test")


@dataclass
class Collector:
    """Collects and keeps the warnings."""

    warnings: list[str] = field(default_factory=list)

    def __call__(self, server: XenServer | str, **options: t.Any) -> Mapping:
        """The mapping of a server, with these options beside the usual ones."""
        values = complete(server, **options)
        return collect(values, Selection.from_options(values), self.warnings.append)


@pytest.fixture
def gather() -> Collector:
    return Collector()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
