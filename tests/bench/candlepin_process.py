# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""An in-memory Candlepin in a process of its own, so that its work is not counted as the client's."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import typing as t
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 30.0


@contextlib.contextmanager
def candlepin(folder: Path) -> t.Iterator[dict[str, t.Any]]:
    """Start one with the organization acme and the user bench (password bench); yields url, prefix, ca_path."""
    port_file = folder / "candlepin.json"
    command = [sys.executable, "-m", "tests.servers.candlepin", "--owner", "acme", "--user", "bench:bench"]
    command += ["--tls-dir", str(folder / "tls"), "--port-file", str(port_file)]
    process = subprocess.Popen(command, cwd=REPO, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not port_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} did not start")
            time.sleep(0.05)
        yield json.loads(port_file.read_text(encoding="utf-8"))
    finally:
        process.terminate()
        process.wait(30)
