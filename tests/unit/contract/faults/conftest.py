# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects what each backend said to each fault and writes it as a table, for the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._transport import http

OUTPUT = Path(__file__).parents[3] / "output" / "faults.md"
TABLE = pytest.StashKey[dict[tuple[str, str], str]]()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between attempts are real, but short."""
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)


@pytest.fixture
def table(pytestconfig: pytest.Config) -> dict[tuple[str, str], str]:
    """For backend and fault, what the user is told."""
    return pytestconfig.stash.setdefault(TABLE, {})


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table when the suite ran."""
    found = session.config.stash.get(TABLE, {})
    if not found:
        return
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ["| backend | fault | what the task says |", "|---|---|---|"]
    lines += [f"| {backend} | {fault.replace('_', ' ')} | {text} |" for (backend, fault), text in found.items()]
    OUTPUT.write_text("\n".join([*lines, ""]), encoding="utf-8")
