# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""``python -m tests.lab.guest --dir DIR``: a booted guest of a private libvirtd until SIGTERM.

Ends with code 77 where QEMU or what builds the guest cannot be used, which the message says.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from ...servers._cli import write_atomically
from ..libvirtd.daemon import Libvirtd
from ..libvirtd.place import default_mode
from ..libvirtd.processes import LabError, program
from .image import HOST_PROGRAMS
from .machine import Machine

CANNOT_BE_HERE = 77


def main() -> int:
    """Run the guest until SIGTERM or SIGINT; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.guest", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder for its files, which stays")
    parser.add_argument("--inventory", type=Path, required=True, help="write where it is to this file, as an inventory")
    arguments = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    try:
        for name in ("qemu-system-x86_64", *HOST_PROGRAMS):
            program(name)
        if default_mode() != "system":
            raise LabError("a guest is built and booted by root only, in a mount namespace of its own")
    except LabError as exc:
        print(exc, file=sys.stderr)
        return CANNOT_BE_HERE
    try:
        with Libvirtd(arguments.dir, mode="system") as daemon:
            machine = Machine(daemon)
            machine.start()
            write_atomically(arguments.inventory, json.dumps(machine.inventory(), indent=2) + "\n")
            ended.wait()
    except LabError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
