# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""``python -m tests.lab.libvirtd --dir DIR``: a private daemon until SIGTERM; prints where it is as JSON."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import typing as t
from pathlib import Path

from ...servers._cli import write_atomically
from .daemon import HOST_UUID, Libvirtd
from .guests import add_guest, write_node_file
from .place import MODES
from .processes import LabError
from .virtlogd import Virtlogd

DAEMONS = {daemon.name: daemon for daemon in (Libvirtd, Virtlogd)}
GUEST_STATES = ("running", "paused", "shut_off")


def parse_arguments(arguments: t.Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.libvirtd", description=__doc__)
    parser.add_argument("--dir", type=Path, help="folder for its files, which stays; else a new one that goes")
    parser.add_argument("--mode", choices=MODES, help="system needs root; default: system where possible")
    parser.add_argument("--daemon", choices=sorted(DAEMONS), default="libvirtd", help="default: libvirtd")
    parser.add_argument("--tcp", choices=("none", "sasl"), help="listen on TCP with this authentication")
    parser.add_argument("--tls", action="store_true", help="listen on TLS with new certificates")
    parser.add_argument("--default-pki", action="store_true", help="put the certificates at the default paths")
    parser.add_argument("--user", action="append", metavar="NAME=PASSWORD", help="a SASL user; default reader=s3cret")
    parser.add_argument("--host-uuid", default=HOST_UUID, help="uuid of the host, or: random")
    parser.add_argument(
        "--guest", action="append", default=[], metavar="NAME=STATE", help=f"a QEMU guest: {', '.join(GUEST_STATES)}"
    )
    parser.add_argument("--test-guests", type=int, metavar="N", help="a test driver's node file with so many guests")
    parser.add_argument("--ready-file", type=Path, help="write the JSON to this file as well, once all is there")
    return parser.parse_args(arguments)


def main() -> int:
    """Run the daemon until SIGTERM or SIGINT; return the exit code."""
    arguments = parse_arguments()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    daemon = DAEMONS[arguments.daemon](
        arguments.dir,
        mode=arguments.mode,
        tcp=arguments.tcp,
        tls=arguments.tls,
        default_pki=arguments.default_pki,
        users=dict(user.split("=", 1) for user in arguments.user) if arguments.user else None,
        host_uuid=None if arguments.host_uuid == "random" else arguments.host_uuid,
    )
    try:
        with daemon:
            told = {**daemon.info(), "lab_pid": os.getpid(), "uris": fill(daemon, arguments)}
            text = json.dumps(told, indent=2)
            print(text, flush=True)
            if arguments.ready_file:
                write_atomically(arguments.ready_file, text + "\n")
            ended.wait()
    except LabError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def fill(daemon: Libvirtd, arguments: argparse.Namespace) -> dict[str, str]:
    """Make the guests that the command line asks for; return the URIs by what they reach."""
    uris = {"unix": daemon.uri(), "test": daemon.uri(driver="test")}
    if arguments.tcp:
        uris["tcp"] = daemon.uri("tcp")
    if arguments.tls:
        uris.update({f"tls_{pki}": daemon.uri("tls", pki=pki) for pki in ("client", "stranger", "anonymous")})
    if arguments.test_guests:
        path = write_node_file(daemon.folder / "node.xml", arguments.test_guests)
        Path(path).chmod(0o644)
        uris.update(test_file=daemon.uri(driver="test", path=path), test_file_local=f"test://{path}")
    if arguments.guest:
        # Only guests need the binding.
        import libvirt

        connection = libvirt.open(daemon.uri())
        try:
            for guest in arguments.guest:
                name, _equals, state = guest.rpartition("=")
                add_guest(connection, name, state)
        finally:
            connection.close()
    return uris


if __name__ == "__main__":
    sys.exit(main())
