# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Measure ways to read one server, each in processes of its own (tests/bench/side.py), and print them as ratios.

The work of a side is the processor time of its process, without its imports: the server's share of the wall time is
the same for all and says nothing about them. Of the rounds the fastest counts, because what disturbs only adds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..servers._http.log import RequestLog
from .measure import MEBIBYTE

Taken = dict[str, float]
Measured = dict[str, Taken]


class Side(t.NamedTuple):
    """One way to read the server: a function of a module below tests.bench, with words as arguments.

    Attributes:
        once: whether it takes too long to be run more than once.
        prepare: called before each run.
    """

    module: str
    function: str
    arguments: Sequence[str]
    once: bool = False
    prepare: Callable[[], object] | None = None


def measure(sides: Mapping[str, Side], rounds: int, guests: int | None, logs: Sequence[RequestLog]) -> Measured:
    """Run each side once per round, in turn, and keep the fastest; the first round only warms up.

    Each side tells ``processor`` and ``seconds``, ``peak`` (bytes) and ``asked``: how many entries the servers' logs got.
    ``guests`` is how many each must find, None where sides do not hold guests. Raises AssertionError when one does not.
    """
    best: Measured = {}
    for number in range(rounds + 1):
        for name, side in sides.items():
            if side.once and number != 1:
                continue
            taken = run(side, logs)
            if guests is not None and taken["guests"] != guests:
                raise AssertionError(f"{name} found {taken['guests']:.0f} guests of {guests}")
            if number and (name not in best or taken["processor"] < best[name]["processor"]):
                best[name] = taken
    return best


def run(side: Side, logs: Sequence[RequestLog] = ()) -> Taken:
    """Run one side once; what it took."""
    if side.prepare:
        side.prepare()
    for log in logs:
        log.clear()
    command = [sys.executable, "-m", "tests.bench.side", f"tests.bench.{side.module}", side.function, *side.arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    taken: Taken = json.loads(done.stdout.splitlines()[-1])
    return {**taken, "asked": sum(len(log.entries) for log in logs)}


def show(results: Measured, base: str, asked: str = "") -> None:
    """Print the sides with their ratios to the one named ``base``; ``asked`` is the word for what servers count."""
    width = max(map(len, results))
    for name, taken in results.items():
        line = (
            f"  {name:<{width}} work {taken['processor']:7.3f} s  x{taken['processor'] / results[base]['processor']:<6.2f}"
            f" wall {taken['seconds']:7.3f} s  x{taken['seconds'] / results[base]['seconds']:<6.2f}"
            f" memory {taken['peak'] / MEBIBYTE:5.0f} MiB"
        )
        print(f"{line}  {taken['asked']:6.0f} {asked}" if asked else line, flush=True)


def verdict(limits: str, kept: bool) -> bool:
    """Print whether the bounds are kept, and return it."""
    print(f"  bounds ({limits}): {'kept' if kept else 'MISSED'}", flush=True)
    return kept
