# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Satellite 5 and a reporter for it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.servers.satellite5 import Satellite5Server
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.satellite5.reports import Reporter


@pytest.fixture(name="server")
def server_fixture() -> t.Iterator[Satellite5Server]:
    with Satellite5Server() as server:
        yield server


@pytest.fixture(name="reporter")
def reporter_fixture(server: Satellite5Server, tmp_path: Path) -> Reporter:
    return Reporter(server, tmp_path / "ids")
