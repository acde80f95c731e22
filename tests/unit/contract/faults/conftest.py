# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects what each backend said to each fault, for the page of the documentation."""

from __future__ import annotations

import os

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.tests.unit.contract.faults import page

TABLE = pytest.StashKey[page.Said]()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between attempts are real, but short."""
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)


@pytest.fixture
def table(pytestconfig: pytest.Config) -> page.Said:
    """What the user is told."""
    return pytestconfig.stash.setdefault(TABLE, set())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page when that is wanted and the suite ran."""
    found = session.config.stash.get(TABLE, set())
    if found and os.environ.get(page.WRITE):
        page.PAGE.write_text(page.render(found), encoding="utf-8")
