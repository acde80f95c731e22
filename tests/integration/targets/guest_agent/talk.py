# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Talk to the host's end of a channel in ways that well-behaved hosts do not."""

from __future__ import annotations

import json
import socket
import sys
import time


def line(name, **arguments):
    return json.dumps({"__name__": name, **arguments}).encode() + b"\n"


def stale(connection):
    """Order a shutdown that nobody reads."""
    connection.sendall(line("shutdown", timeout="0", message="old", reboot="false"))


def hold(connection):
    """Be the one client for a while."""
    print("held", flush=True)
    time.sleep(float(sys.argv[3]))


def cut(connection):
    """Hang up in the middle of a line that the agent writes, and see what the next client gets first."""
    for _ in range(3):
        # Far more than the buffers on the way hold.
        for _number in range(40):
            connection.sendall(line("echo", text="x" * 30000))
        connection.recv(100)
        time.sleep(1)
        connection.close()
        connection = connect()
    connection.settimeout(20)
    data = b""
    connection.sendall(line("echo", mark="after the cut"))
    while b"after the cut" not in data:
        data += connection.recv(65536)
    lines = [part for part in data.split(b"\n") if part]
    first, last = lines[0], lines[-1]
    if json.loads(last).get("mark") != "after the cut":
        sys.exit(f"the agent does not begin a new line: {last[:200]!r}")
    print("cut", "inside" if not first.startswith(b"{") else "between", "lines")


def connect():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    return connection


if __name__ == "__main__":
    {"stale": stale, "hold": hold, "cut": cut}[sys.argv[2]](connect())
