# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Measure commands and calls so that their ratios can be trusted: interleaved rounds, medians, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1024 * 1024
SAMPLING_SECONDS = 0.05


@dataclass(frozen=True)
class Sample:
    """One measurement.

    seconds: wall time. largest: peak resident memory in bytes of the biggest single process. together: peak memory
    in bytes of all processes at one moment, shared pages counted once. Memory is sampled every 50 ms, and 0 where only
    time was measured.
    """

    seconds: float
    largest: int = 0
    together: int = 0


class CommandError(Exception):
    """A measured command failed; its output is in the message."""


class _MemoryWatch(threading.Thread):
    """Sample the memory of all processes of one session (a process group leader and what it started)."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session = session
        self.largest = 0
        self.together = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(SAMPLING_SECONDS):
            members = _members(self.session)
            # The kernel keeps each process's own peak. (What it tells a parent of an ended child is no use: that
            # also counts the memory of the parent itself at the moment of the start.)
            self.largest = max(self.largest, *(_kibibytes(pid, "status", "VmHWM:") * 1024 for pid in members), 0)
            self.together = max(self.together, sum(_kibibytes(pid, "smaps_rollup", "Pss:") for pid in members) * 1024)


def processes() -> Iterator[tuple[int, list[str]]]:
    """The id of each process, and the fields of its ``stat`` from the third on, see proc(5)."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        yield int(entry.name), fields


def _members(session: int) -> list[int]:
    return [pid for pid, fields in processes() if int(fields[3]) == session]


def _kibibytes(pid: int, name: str, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(field))


def run_command(
    command: Sequence[str], environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Sample:
    """Run a command to its end and measure it with all that it starts; raise CommandError when it fails.

    ``environment`` is added to this process's own. The command gets a session of its own, no input, and its output
    goes to the error message only.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    watch = _MemoryWatch(process.pid)
    watch.start()
    output = process.communicate()[0]
    seconds = time.perf_counter() - started
    watch.ended.set()
    watch.join()
    if process.returncode != 0:
        text = output.decode(errors="replace")[-4000:]
        raise CommandError(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    return Sample(seconds, watch.largest, watch.together)


def run_call(call: Callable[[], object]) -> Sample:
    """Call a function of this process and measure its wall time."""
    started = time.perf_counter()
    call()
    return Sample(time.perf_counter() - started)


def compare(sides: Mapping[str, Callable[[], Sample]], rounds: int = 5) -> dict[str, Sample]:
    """Measure all sides once per round, in turn, so that a slow minute hits all alike; return each side's medians.

    The first round of all only warms up caches and does not count.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, measure in sides.items():
            sample = measure()
            if number:
                samples[name].append(sample)
    return {
        name: Sample(
            statistics.median(sample.seconds for sample in taken),
            int(statistics.median(sample.largest for sample in taken)),
            int(statistics.median(sample.together for sample in taken)),
        )
        for name, taken in samples.items()
    }


def table(results: Mapping[str, Sample], base: str) -> str:
    """Lay results out as text, each with its ratio to the side named ``base``."""
    width = max(len(name) for name in results)
    lines = []
    for name, sample in results.items():
        line = f"  {name:<{width}}  {sample.seconds:8.3f} s  x{sample.seconds / results[base].seconds:<6.2f}"
        if sample.largest:
            line += f"  largest process {sample.largest / MEBIBYTE:6.0f} MiB"
            line += f", together {sample.together / MEBIBYTE:6.0f} MiB"
        lines.append(line.rstrip())
    return "\n".join(lines)
