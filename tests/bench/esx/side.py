# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""``python -m tests.bench.esx.side NAME URL``: do one side's work once and print what it took, without its imports."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
import typing as t

SIDES = {
    "ours": ("tests.bench.esx.ours", "ours"),
    "bare": ("tests.bench.esx.bare", "bare"),
    "curl": ("tests.bench.esx.bare", "curl"),
    "pyvmomi": ("tests.bench.esx.plain_pyvmomi", "plain_pyvmomi"),
}


def processor_seconds() -> float:
    """What this process and its children that have ended took of the processor."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main(name: str, url: str) -> None:
    """Run and print seconds, seconds of the processor (children too) and peak memory in bytes."""
    module, function = SIDES[name]
    work: t.Callable[[str], t.Any] = getattr(importlib.import_module(module), function)
    before = processor_seconds()
    began = time.perf_counter()
    kept = work(url)
    seconds = time.perf_counter() - began
    processor = processor_seconds() - before
    # A mapping leaves its process as JSON.
    json.dumps(kept)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "processor": processor, "peak": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
