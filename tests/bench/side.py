# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""``python -m tests.bench.side MODULE FUNCTION ARGUMENT ...``: call it once and print what it took, without its imports."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import typing as t
from pathlib import Path


def main(module: str, function: str, *arguments: str) -> None:
    """Call, and print seconds, seconds of the processor (children too), peak memory in bytes and a word of the result."""
    work: t.Callable[..., t.Any] = getattr(importlib.import_module(module), function)
    before = os.times()
    began = time.perf_counter()
    kept = work(*arguments)
    seconds = time.perf_counter() - began
    after = os.times()
    processor = sum(after[:4]) - sum(before[:4])
    print(json.dumps({"seconds": seconds, "processor": processor, "peak": _peak(), "guests": _guests(kept)}))


def _peak() -> int:
    """The most memory that this process had, in bytes.

    What getrusage tells begins with the memory of the process that started this one, which is the server's.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _guests(kept: t.Any) -> int:
    """How many guests the result holds, wherever they stand in it."""
    if isinstance(kept, dict):
        return len(kept["guests"]) if "guests" in kept else sum(map(_guests, kept.values()))
    return sum(map(_guests, kept)) if isinstance(kept, list) else 0


if __name__ == "__main__":
    main(*sys.argv[1:])
