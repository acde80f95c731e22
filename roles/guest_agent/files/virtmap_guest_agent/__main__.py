# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""``python3 -m virtmap_guest_agent``: serve until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import typing as t
from pathlib import Path

from .agent import Agent
from .configuration import FILES, HOOKS, read_settings, set_up_logging
from .information import Information
from .orders import Orders
from .port import LARGEST_WRITE
from .wire import encode
from .work import Worker

_log = logging.getLogger("main")


def main(arguments: t.Sequence[str] | None = None) -> int:
    """Run the agent; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="virtmap_guest_agent", description="A guest agent that speaks oVirt's protocol."
    )
    parser.add_argument("--config", action="append", metavar="FILE", help="read these files, the last one wins")
    parser.add_argument("--hooks", default=HOOKS, help="folder with a folder of programs for each event")
    parser.add_argument("-p", "--pidfile", type=Path, help="write the process id there")
    parser.add_argument("--uninstalled", action="store_true", help="tell the host that the agent is removed, and end")
    options = parser.parse_args(arguments)
    files = tuple(options.config or FILES)
    set_up_logging(files)
    settings = read_settings(files, options.hooks)
    if options.uninstalled:
        say_uninstalled(settings.ports)
        return 0
    if options.pidfile:
        options.pidfile.write_text(f"{os.getpid()}\n", encoding="ascii")
    agent = Agent(settings, Information(settings), Worker(Orders().table(), settings.hooks))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: agent.stop())
    agent.run()
    if options.pidfile:
        options.pidfile.unlink(missing_ok=True)
    return 0


def say_uninstalled(ports: t.Sequence[str]) -> None:
    """Tell whoever listens that this agent is gone for good; nobody may listen, which is no fault."""
    notice = encode("uninstalled", {}) + b"\n"
    for path in ports:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as exc:
            _log.info("%s is not told: %s", path, exc.strerror)
            continue
        try:
            os.write(descriptor, notice[:LARGEST_WRITE])
        except OSError as exc:
            _log.info("nobody listens at %s: %s", path, exc.strerror)
        finally:
            os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
