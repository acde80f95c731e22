# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run the simulator until SIGTERM: ``python -m tests.lab.vcsim --port-file FILE [--tls-dir DIR] -- -vms 5 -esx``.

What stands behind ``--`` are arguments of the simulator (``main.go``).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from ...servers._cli import authority, write_atomically
from .simulator import Simulator


def main() -> int:
    """Start, say where in the file, wait, stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", type=Path, required=True, help="gets url, host, port, pid, ca_path as JSON")
    parser.add_argument("--tls-dir", type=Path, help="serve TLS with a new authority that is left in this folder")
    parser.add_argument("arguments", nargs="*", help="arguments of the simulator")
    options = parser.parse_args()
    ca = authority(options)
    tls: list[str] = []
    if ca is not None:
        pair = ca.issue_server()
        tls = ["-cert", str(pair.cert), "-key", str(pair.key)]
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    with Simulator(*options.arguments, *tls) as simulator:
        host, _colon, port = simulator.address.rpartition(":")
        told = {
            "url": simulator.url,
            "host": host,
            "port": int(port),
            "pid": os.getpid(),
            "ca_path": str(ca.path.resolve()) if ca else None,
        }
        write_atomically(options.port_file, json.dumps(told, indent=2) + "\n")
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
