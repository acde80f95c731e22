# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run a lab or a server beside a play, in a folder of its own, without a task for each step of it.

``python -m tests.lab.background start COMMAND ARGUMENT ...`` starts the command, waits until it has written
``{folder}/ready.json`` and prints as JSON what stands there (``told``) and the ``folder``; ``{folder}`` in an argument is
replaced by it. ``python -m tests.lab.background stop FOLDER`` ends the command, waits for its end and removes the
folder. What nobody stops ends by itself after an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
LIFE = 3600
SECONDS_TO_END = 60


class Started(t.NamedTuple):
    """What a command told once it was ready, and the folder that it runs in."""

    told: dict[str, t.Any]
    folder: Path


def start(command: list[str], seconds: float) -> Started:
    """Start a command in the checkout, where ``python -m`` finds the labs and servers, and wait until it is ready.

    Raises RuntimeError with its last words when it ends before or takes longer than so many seconds; nothing of it is left then.
    """
    # A short path, because sockets are made below it.
    folder = Path(tempfile.mkdtemp(prefix="lab-", dir="/tmp"))
    # Daemons that run as another user pass through it.
    folder.chmod(0o711)
    words = [word.replace("{folder}", str(folder)) for word in command]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["timeout", str(LIFE), *words],
            cwd=REPO,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    (folder / "pid").write_text(str(process.pid), encoding="utf-8")
    ready = folder / "ready.json"
    deadline = time.monotonic() + seconds
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            said = (folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
            stop(folder)
            raise RuntimeError(f"{' '.join(words)} did not get ready: {said or 'it says nothing'}")
        time.sleep(0.02)
    return Started(json.loads(ready.read_text(encoding="utf-8")), folder)


def runs(pid: int) -> bool:
    """Whether a process has not ended; one that has, and that nobody asked how, has no program any more."""
    return os.path.exists(f"/proc/{pid}/exe")


def stop(folder: Path) -> None:
    """End what was started in a folder, wait until it has ended with all that it started, and remove the folder.

    Raises TimeoutError when it does not end.
    """
    pid = int((folder / "pid").read_text(encoding="utf-8"))
    if runs(pid):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_END
    while runs(pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} of {folder} does not end")
        time.sleep(0.02)
    shutil.rmtree(folder)


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.background", description=__doc__)
    deeds = parser.add_subparsers(dest="deed", required=True)
    starting = deeds.add_parser("start")
    starting.add_argument("--seconds", type=float, default=90, help="how long it may take to get ready")
    starting.add_argument("command", nargs=argparse.REMAINDER)
    stopping = deeds.add_parser("stop")
    stopping.add_argument("folder", type=Path)
    options = parser.parse_args()
    try:
        if options.deed == "start":
            print(json.dumps(start(options.command, options.seconds)._asdict(), default=str))
        else:
            stop(options.folder)
    except (OSError, RuntimeError) as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
