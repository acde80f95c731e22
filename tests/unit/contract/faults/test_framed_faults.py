# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What every backend that speaks frames says when its service misbehaves."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.servers.vdsm import faults
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, FramedFaults
from ansible_collections.virtmap.core.tests.unit.contract.faults.framed_rows import DATA, FIRST, FRAMED, Framed
from ansible_collections.virtmap.core.tests.unit.contract.faults.rows import ELSEWHERE, Elsewhere
from ansible_collections.virtmap.core.tests.unit.contract.faults.test_faults import (
    Table,
    failure,
    note,
    served,
    standard,
    whole_mapping,
)


@pytest.fixture
def framed(framed_backend: Backend, monkeypatch: pytest.MonkeyPatch) -> FramedFaults:
    """How the faults look for this backend; its pauses are real, but short."""
    assert framed_backend.framed is not None
    monkeypatch.setattr(framed_backend.framed.pauses, "FIRST_PAUSE", 0.01)
    return framed_backend.framed


def condition(framed: FramedFaults, phase: str) -> dict[str, t.Any]:
    """Which frames meet a fault in this phase."""
    return {"method": "CONNECT"} if phase == FIRST else {"when": framed.data}


@pytest.mark.parametrize("row", ELSEWHERE, ids=lambda row: row.name)
def test_no_good_service(
    framed_backend: Backend, framed: FramedFaults, row: Elsewhere, table: Table, tmp_path: Path
) -> None:
    with framed_backend.start(standard(framed_backend), tmp_path) as source, row.at(tmp_path) as (host, port, more):
        options = {**framed.address(source, host, port), **more, **({"timeout": 1} if row.slow else {})}
        error = failure(framed_backend, source, options)
        assert isinstance(error, row.error), error
        assert re.search(row.says, error.message), error.message
        assert f"{host}:{port}" in error.message
        note(table, framed_backend, row.name, error.message, port, served(source).port)
        assert served(source).log.connections == 0


@pytest.mark.parametrize(
    ("row", "phase"),
    [(row, phase) for row in FRAMED for phase in row.phases],
    ids=lambda value: getattr(value, "name", value),
)
def test_bad_answers(
    framed_backend: Backend, framed: FramedFaults, row: Framed, phase: str, table: Table, tmp_path: Path
) -> None:
    with framed_backend.start(standard(framed_backend), tmp_path) as source:
        rule = served(source).faults.add(row.fault, times=None, **condition(framed, phase))
        error = failure(framed_backend, source, {"timeout": 1} if row.slow else {})
        assert rule.hits > 0
        assert isinstance(error, row.error), error
        assert re.search(row.says, error.message), error.message
        assert str(served(source).port) in error.message, "which server"
        note(table, framed_backend, row.name, error.message, served(source).port)


@pytest.mark.parametrize("phase", [FIRST, DATA])
@pytest.mark.parametrize(
    "fault", [faults.disconnect(), faults.disconnect(reset=True), faults.cut_off()], ids=["closed", "reset", "cut_off"]
)
def test_a_passing_fault_is_overcome(
    framed_backend: Backend, framed: FramedFaults, fault: faults.Fault, phase: str, tmp_path: Path
) -> None:
    """Reading is repeatable: a service that is restarted costs a second attempt, and the mapping is whole."""
    with framed_backend.start(standard(framed_backend), tmp_path) as source:
        whole = whole_mapping(framed_backend, source)
        rule = served(source).faults.add(fault, **condition(framed, phase))
        assert whole_mapping(framed_backend, source) == whole
        assert rule.hits == 1
