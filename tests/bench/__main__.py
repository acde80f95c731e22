# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run the benchmarks: ``python -m tests.bench [WORD ...]`` runs those whose name holds one of the words, else all.

A benchmark is a file ``bench_<what>.py`` beside this one with a ``main()`` that measures all its sides in one run
(tests/bench/measure.py), prints them as ratios and returns True when its stated bounds are kept.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def names(words: list[str]) -> list[str]:
    """Name the benchmarks that are there and wanted."""
    there = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    return [name for name in there if not words or any(word in name for word in words)]


def main(words: list[str]) -> int:
    """Run the benchmarks one after the other; return 1 when one missed its bounds, 2 when none is there."""
    chosen = names(words)
    if not chosen:
        print(f"no benchmark is named like {' '.join(words)}" if words else "there is no benchmark", file=sys.stderr)
        return 2
    missed = []
    for name in chosen:
        print(f"== {name.removeprefix('bench_')}", flush=True)
        if importlib.import_module(f"tests.bench.{name}").main() is False:
            missed.append(name)
    if missed:
        print(f"bounds missed: {' '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
