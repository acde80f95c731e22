# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""``python -m tests.bench.side MODULE FUNCTION ARGUMENT ...``: call it once and print what it took, without its imports."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
import typing as t
from pathlib import Path


def main(module: str, function: str, *arguments: str) -> None:
    """Call, and print seconds, seconds of the processor (children too), peak memory in bytes and a word of the result."""
    work: t.Callable[..., t.Any] = getattr(importlib.import_module(module), function)
    before = _processor()
    began = time.perf_counter()
    kept = work(*arguments)
    seconds = time.perf_counter() - began
    processor = _processor() - before
    json.dumps(kept)  # as which a mapping leaves the process of a module
    peak = _peak()
    print(json.dumps({"seconds": seconds, "processor": processor, "peak": peak, "guests": _guests(kept)}))


def _processor() -> float:
    """Seconds of the processor so far, with children; finer than the ticks of os.times."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _peak() -> int:
    """Peak memory in bytes of what this process runs; getrusage would count what its parent held when it started it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def _guests(kept: t.Any) -> int:
    """How many guests the result holds, wherever they stand in it."""
    if isinstance(kept, dict):
        return len(kept["guests"]) if "guests" in kept else sum(map(_guests, kept.values()))
    return sum(map(_guests, kept)) if isinstance(kept, list) else 0


if __name__ == "__main__":
    main(*sys.argv[1:])
