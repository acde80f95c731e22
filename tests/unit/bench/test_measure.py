# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import sys
import time

import pytest
from ansible_collections.virtmap.core.tests.bench.measure import (
    MEBIBYTE,
    CommandError,
    Sample,
    compare,
    run_call,
    run_command,
    table,
)

HOLD = "import time; block = b'x' * 80 * 1024 * 1024; time.sleep(0.6)"
TWICE = """
import subprocess, sys
for child in [subprocess.Popen([sys.executable, "-c", sys.argv[1]]) for number in range(2)]:
    child.wait()
"""


def test_memory_is_that_of_the_biggest_process_and_of_all_together() -> None:
    own = b"x" * 200 * MEBIBYTE  # the measuring process's own memory must not count
    sample = run_command([sys.executable, "-c", TWICE, HOLD])
    assert len(own) > sample.together > 160 * MEBIBYTE
    assert 80 * MEBIBYTE < sample.largest < 120 * MEBIBYTE
    assert sample.seconds > 0.6


def test_a_command_that_fails_says_what_it_printed() -> None:
    with pytest.raises(CommandError, match="(?s)ended with 7.*broken"):
        run_command([sys.executable, "-c", "print('broken'); raise SystemExit(7)"])


def test_the_environment_is_added_to() -> None:
    run_command([sys.executable, "-c", "import os; assert os.environ['ADDED'] and os.environ['PATH']"], {"ADDED": "1"})


def test_a_call_is_timed() -> None:
    assert run_call(lambda: time.sleep(0.05)).seconds >= 0.05


def test_sides_take_turns_and_the_first_round_does_not_count() -> None:
    turns: list[str] = []

    def side(name: str, *seconds: float) -> Sample:
        turns.append(name)
        return Sample(seconds[turns.count(name) - 1], largest=turns.count(name))

    results = compare({"a": lambda: side("a", 99, 1, 3, 2), "b": lambda: side("b", 99, 5, 5, 6)}, rounds=3)
    assert turns == ["a", "b"] * 4
    assert results == {"a": Sample(2, 3, 0), "b": Sample(5, 3, 0)}


def test_the_table_shows_ratios_to_the_base() -> None:
    lines = table({"bare": Sample(2.0), "ours": Sample(3.0, 10 * MEBIBYTE, 20 * MEBIBYTE)}, base="bare").splitlines()
    assert lines[0].split() == ["bare", "2.000", "s", "x1.00"]
    assert lines[1].split()[:4] == ["ours", "3.000", "s", "x1.50"]
    assert "largest process     10 MiB, together     20 MiB" in lines[1]
