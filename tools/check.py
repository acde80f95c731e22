# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run the nox sessions side by side, one per processor and two more, and close with a table of results, times and test counts.

``python -m tools.check`` runs all default sessions of noxfile.py, ``python -m tools.check lint types`` those two.
What a session prints comes in one piece when it ends, and stays in .cache/logs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

REPO = Path(__file__).resolve().parent.parent
LOGS = REPO / ".cache" / "logs"
REPORTS = REPO / ".cache" / "reports"
NOX = (sys.executable, "-m", "nox", "--noxfile", str(REPO / "noxfile.py"))
# Started first, because the others fit beside them; {newest} stands for the newest ansible-core, which meets most tests.
LONGEST_FIRST = """
integration units-{newest} units-python sanity-{newest} units sanity awx build ansible-lint types
""".split()


@dataclass(frozen=True)
class Counts:
    """How many tests of one or more JUnit reports passed, failed (errors too) and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        words = f"{self.passed} passed, {self.failed} failed"
        return f"{words}, {self.skipped} skipped" if self.skipped else words


@dataclass(frozen=True)
class Outcome:
    """How one session ended: nox's word for it and its tests when it reported any.

    Attributes:
        seconds: from its begin to its end, beside the other sessions.
        processor: seconds of processors that it and what it started took, which hardly depend on the others. What
            leaves its family, as a daemon does, is not counted.
    """

    session: str
    word: str
    seconds: float
    processor: float
    counts: Counts | None

    @property
    def failed(self) -> bool:
        """Whether the session did not do what it should; one that this machine cannot run is skipped instead."""
        return self.word not in ("success", "skipped")


def session_names(wanted: list[str]) -> list[str]:
    """Name the sessions to run, the longest first; no wanted ones means all default ones of the noxfile."""
    command = [*NOX, "--list", "--json", *(["--sessions", *wanted] if wanted else [])]
    listing = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=REPO).stdout
    names = [entry["session"] for entry in json.loads(listing)]

    # noxfile.py names the newest last.
    newest = next((name.rpartition("-")[2] for name in reversed(names) if name.startswith("sanity-")), "")
    starts = [start.format(newest=newest) for start in LONGEST_FIRST]

    def rank(name: str) -> int:
        return next((place for place, start in enumerate(starts) if name.startswith(start)), len(starts))

    return sorted(names, key=rank)


def read_counts(report: Path) -> Counts | None:
    """Count the tests of a JUnit report; None when the session wrote none."""
    if not report.exists():
        return None
    total = Counts()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # noqa: S314 - written by our own pytest
        failed = int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
        skipped = int(suite.get("skipped", "0"))
        total += Counts(int(suite.get("tests", "0")) - failed - skipped, failed, skipped)
    return total


def read_word(report: Path) -> str:
    """Read how the one session of a nox report ended: success or skipped; FAILED when the report tells of none."""
    sessions = json.loads(report.read_text(encoding="utf-8"))["sessions"] if report.exists() else []
    return str(sessions[0]["result"]) if len(sessions) == 1 else "FAILED"


def run_session(session: str, lanes: int) -> Outcome:
    """Run one session to its end with its output in a log file."""
    started = time.monotonic()
    environment = {**os.environ, "VIRTMAP_CHECK_LANES": str(lanes)}
    # Hundreds of processes would compile Ansible anew each.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    report = REPORTS / f"{session}.json"
    with (LOGS / f"{session}.log").open("wb") as log:
        process = subprocess.Popen(
            [*NOX, "--sessions", session, "--report", str(report)],
            cwd=REPO,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        # Popen's own way to wait does not tell what it cost.
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    word = read_word(report) if process.returncode == 0 else "FAILED"
    counts = read_counts(REPORTS / f"{session}.xml")
    return Outcome(session, word, time.monotonic() - started, usage.ru_utime + usage.ru_stime, counts)


def table(outcomes: list[Outcome], elapsed: float) -> str:
    """Lay the outcomes out as lines of text, in the order they are given, with the whole time below."""
    width = max(len(outcome.session) for outcome in outcomes)
    lines = []
    for outcome in outcomes:
        counts = f"  {outcome.counts}" if outcome.counts else ""
        times = f"{outcome.seconds:6.1f} s  {outcome.processor:6.1f} s"
        lines.append(f"{outcome.session:<{width}}  {outcome.word:<7}  {times}{counts}")
    whole = sum(outcome.processor for outcome in outcomes)
    lines.append(f"{'all':<{width}}  {'':<7}  {elapsed:6.1f} s  {whole:6.1f} s of processors")
    return "\n".join(lines)


def prefer_throughput() -> None:
    """Have this process and all that it starts interrupted less often, where the system offers that.

    More processes want to run than there are processors, and each change from one to another empties caches: six
    playbooks side by side on two processors took a seventh less of them so.
    """
    if hasattr(os, "SCHED_BATCH"):
        # Some containers forbid it.
        with suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def main(wanted: list[str]) -> int:
    """Run the sessions and return 1 when one of them failed."""
    prefer_throughput()
    for folder in (LOGS, REPORTS):
        folder.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.iterdir():
        old.unlink()
    started = time.monotonic()
    names = session_names(wanted)
    # Two more than processors: many tests wait for a deadline or a guest that boots, and need none.
    lanes = max(1, min((os.cpu_count() or 1) + 2, len(names)))
    print(f"running {len(names)} sessions, {lanes} at a time: {' '.join(names)}", flush=True)
    outcomes = []
    with ThreadPoolExecutor(max_workers=lanes) as pool:
        for future in as_completed([pool.submit(run_session, name, lanes) for name in names]):
            outcome = future.result()
            outcomes.append(outcome)
            print(f"\n===== {outcome.session} =====", flush=True)
            print((LOGS / f"{outcome.session}.log").read_text(encoding="utf-8", errors="replace"), flush=True)
    print(f"\n{table(sorted(outcomes, key=lambda outcome: names.index(outcome.session)), time.monotonic() - started)}")
    failed = [outcome.session for outcome in outcomes if outcome.failed]
    if failed:
        print(f"failed: {' '.join(failed)} (the output is above and in .cache/logs)")
    counts = [outcome.counts for outcome in outcomes if outcome.counts]
    if counts:
        print(sum(counts, Counts()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
