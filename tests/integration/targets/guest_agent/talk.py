# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Talk to the host's end of a channel in ways that well-behaved hosts do not."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import sys
import termios
import time

# What the guest's side takes although the host reads nothing: a line is cut only behind that.
BUFFERS = 690_000
PATIENCE = 300


def line(name, **arguments):
    return json.dumps({"__name__": name, **arguments}).encode() + b"\n"


def parsed(part):
    """The message, or None for the rest of a line that was cut."""
    try:
        return json.loads(part)
    except ValueError:
        return None


def connect():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    connection.settimeout(PATIENCE)
    return connection


def go_on_alone(work):
    """Do the work in a process of its own, which keeps the connection; tell its number."""
    child = os.fork()
    if child:
        print(child)
        return
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    work()
    os._exit(0)


def stale():
    """Order a shutdown that nobody reads before an agent opens the port. With a hang-up it would be lost."""
    connection = connect()
    connection.sendall(line("shutdown", timeout="0", message="old", reboot="false"))

    def wait():
        connection.recv(1)
        time.sleep(1)

    go_on_alone(wait)


def waiting(connection):
    """How many bytes have come that nobody has read."""
    return struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, bytes(4)))[0]


def hold():
    """Be the one client."""
    connection = connect()
    connection.sendall(b"\n")
    go_on_alone(lambda: time.sleep(PATIENCE))


def cut():
    """Hang up in the middle of a line that the agent writes, then in the middle of one that it reads."""
    connection = connect()
    for _number in range(BUFFERS // 50_000 + 5):
        connection.sendall(line("echo", text="x" * 50_000))
    unread = -1
    while unread != (unread := waiting(connection)):
        time.sleep(1)
    connection.close()
    connection = connect()
    # Longer than one write to a port may be. What is left of the last client's line ends first.
    sent = line("echo", mark="after the cut", text="y" * 50_000)
    connection.sendall(b"\n" + sent)
    data = b""
    while b"after the cut" not in data or not data.endswith(b"\n"):
        data += connection.recv(65536)
    if json.loads(sent) not in map(parsed, data.split(b"\n")):
        sys.exit(f"the agent does not begin a new line: {data[-300:]!r}")
    connection.sendall(b'{"__name__": "shutd')
    time.sleep(0.5)


if __name__ == "__main__":
    {"stale": stale, "hold": hold, "cut": cut}[sys.argv[2]]()
