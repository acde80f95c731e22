# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import json
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.virtmap.core.tests.bench import sides
from ansible_collections.virtmap.core.tests.bench.fleet import fleet
from ansible_collections.virtmap.core.tests.bench.measure import MEBIBYTE
from ansible_collections.virtmap.core.tests.bench.sides import Side

OF_ITSELF = "import subprocess, sys; block = b'x' * 300 * 1024 * 1024; subprocess.run(sys.argv[1:], check=True)"


def taking(monkeypatch: pytest.MonkeyPatch, processor: dict[str, list[float]], guests: int = 2) -> list[str]:
    """Let runs take so many seconds of the processor, one after the other; returns the list of who ran."""
    turns: list[str] = []

    def run(side: Side, logs: t.Any) -> dict[str, float]:
        turns.append(side.function)
        spent = processor[side.function][turns.count(side.function) - 1]
        return {"processor": spent, "seconds": 2 * spent, "peak": 40.0 * MEBIBYTE, "guests": guests, "asked": 3}

    monkeypatch.setattr(sides, "run", run)
    return turns


def test_sides_take_turns_and_the_fastest_round_but_the_first_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = taking(monkeypatch, {"a": [0.1, 3, 2, 4], "b": [0.1, 5, 6, 7], "slow": [9]})
    measured = {"a": Side("m", "a", ()), "b": Side("m", "b", ()), "slow": Side("m", "slow", (), once=True)}
    results = sides.measure(measured, 3, 2, [])
    assert turns == ["a", "b", "a", "b", "slow", "a", "b", "a", "b"]
    assert {name: taken["processor"] for name, taken in results.items()} == {"a": 2, "b": 5, "slow": 9}


def test_a_side_that_finds_other_guests_is_no_side(monkeypatch: pytest.MonkeyPatch) -> None:
    taking(monkeypatch, {"a": [1, 1]}, guests=1)
    with pytest.raises(AssertionError, match="a found 1 guests of 2"):
        sides.measure({"a": Side("m", "a", ())}, 1, 2, [])


def test_sides_are_shown_with_their_ratios(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    taking(monkeypatch, {"a": [1, 1], "longer": [1, 3]})
    results = sides.measure({"a": Side("m", "a", ()), "longer": Side("m", "longer", ())}, 1, None, [])
    sides.show(results, "a", "requests")
    assert not sides.verdict("x2", kept=False)
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.split()[:5] == ["a", "work", "1.000", "s", "x1.00"]
    assert first.endswith("40 MiB       3 requests")
    assert second.split()[:5] == ["longer", "work", "3.000", "s", "x3.00"]
    assert last == "  bounds (x2): MISSED"


def test_a_process_tells_what_it_took_itself_and_not_what_its_parent_holds() -> None:
    prefix = fleet.__module__.rpartition(".")[0]
    side = [sys.executable, "-m", f"{prefix}.side", "json", "loads", json.dumps(fleet(3, 2))]
    done = subprocess.run([sys.executable, "-c", OF_ITSELF, *side], check=True, stdout=subprocess.PIPE, text=True)
    taken = json.loads(done.stdout)
    assert taken["guests"] == 6
    assert 0 < taken["peak"] < 200 * MEBIBYTE
    assert taken["seconds"] > 0
    assert taken["processor"] >= 0
