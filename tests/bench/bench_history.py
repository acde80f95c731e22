# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The history of 1,000 hypervisors with 40,000 guests: whole calls of the module, against a module that does nothing.

To reach: an unchanged run adds one row, in a file as in PostgreSQL, and takes less than ten times what a module takes that
does nothing, which on a machine at rest is under 2 s.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping

from ..lab.postgresql import fresh_database
from .fleet import fleet
from .measure import Sample, run_command, table

HYPERVISORS = 1000
GUESTS = 40
ROUNDS = 3
BOUND = 10.0
NOTHING = "a module that does nothing"
UNCHANGED = "unchanged run"
RUNS = ("first run", UNCHANGED, "1 % of guests moved")
# As ansible-core calls a module on its host, with the options in a file and the result in another.
CALL = """
import contextlib, runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_PROFILE = "legacy"
with open(sys.argv[2], "rb") as options:
    basic._ANSIBLE_ARGS = options.read()
with open(sys.argv[3], "w") as result, contextlib.redirect_stdout(result):
    runpy.run_module(sys.argv[1], run_name="__main__")
"""


def call(folder: Path, module: str, options: dict[str, t.Any]) -> tuple[Sample, dict[str, t.Any]]:
    """Call a module in its own process; what it took, and its result."""
    arguments, result = folder / "arguments.json", folder / "result.json"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
    sample = run_command([sys.executable, "-c", CALL, module, str(arguments), str(result)])
    answer: dict[str, t.Any] = json.loads(result.read_text(encoding="utf-8"))
    return sample, answer


def main() -> bool:
    """Record the fleet anew, unchanged and with one guest in a hundred moved; print rows, times and ratios."""
    # As a facts module returns it, with every key.
    document = parse_mapping(fleet(HYPERVISORS, GUESTS)).to_dict()
    moved = json.loads(json.dumps(document))
    guests = [hypervisor["guests"] for hypervisor in moved["hypervisors"]]
    for source, target in zip(guests[:400], guests[400:800]):
        target.append(source.pop())
    taken: dict[str, list[Sample]] = {}
    rows: dict[str, int] = {}
    module = "ansible_collections.virtmap.core.plugins.modules.mapping_history"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(ROUNDS):
            taken.setdefault(NOTHING, []).append(call(folder, "ansible.modules.ping", {})[0])
            stores = {"SQLite": {"path": str(folder / f"history{number}.sqlite")}, "PostgreSQL": fresh_database()}
            for store, options in stores.items():
                for minute, run in enumerate(RUNS):
                    told = {**(moved if minute == 2 else document), "collected_at": f"2026-11-21T09:{minute:02}:00Z"}
                    # As the text that the filter to_json makes.
                    sample, result = call(folder, module, {**options, "keep_days": 730, "mappings": [json.dumps(told)]})
                    taken.setdefault(f"{store}, {run}", []).append(sample)
                    rows[f"{store}, {run}"] = result["runs"][0]["rows"]
        size = (folder / "history0.sqlite").stat().st_size
    medians = {
        side: Sample(statistics.median(sample.seconds for sample in samples), max(sample.largest for sample in samples))
        for side, samples in taken.items()
    }
    print(table(medians, NOTHING))
    print("  rows: " + "; ".join(f"{side} {count:,}" for side, count in rows.items()))
    print(f"  SQLite's file after all three {size / 1024 / 1024:.1f} MiB")
    unchanged = [side for side in rows if side.endswith(UNCHANGED)]
    return all(rows[side] == 1 and medians[side].seconds < BOUND * medians[NOTHING].seconds for side in unchanged)


if __name__ == "__main__":
    main()
