# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What every ``python -m tests.servers.<name>`` has in common: where to listen, TLS, and running until SIGTERM."""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import typing as t
from pathlib import Path

from ._http import HttpServer
from ._tls import CertificateAuthority


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """``--host --port --port-file --tls-dir --control``."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument(
        "--port-file",
        type=Path,
        help="write url, host, port, pid, ca_path as JSON to this file once the server listens",
    )
    parser.add_argument(
        "--tls-dir", type=Path, help="serve TLS with a new authority whose certificate is left in this folder as ca.pem"
    )
    parser.add_argument("--control", action="store_true", help="offer the /_test/ routes (log, faults, state)")


def authority(arguments: argparse.Namespace) -> CertificateAuthority | None:
    """The new authority in ``--tls-dir``, None for plain HTTP."""
    return CertificateAuthority(arguments.tls_dir) if arguments.tls_dir else None


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that whoever waits for it never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def run_until_terminated(
    server: HttpServer,
    arguments: argparse.Namespace,
    ca: CertificateAuthority | None = None,
    once_it_listens: t.Callable[[], dict[str, t.Any]] = dict,
    **more: t.Any,
) -> int:
    """Serve until SIGTERM or SIGINT; say where on standard output and in ``--port-file``. Returns the exit code.

    ``once_it_listens`` gives more to tell that is not known before the port is.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    with server:
        told = {
            "url": server.url,
            "host": server.host,
            "port": server.port,
            "pid": os.getpid(),
            "ca_path": str(ca.path.resolve()) if ca else None,
            **more,
            **once_it_listens(),
        }
        text = json.dumps(told, indent=2, default=str)
        print(text, flush=True)
        if arguments.port_file:
            write_atomically(arguments.port_file, text + "\n")
        ended.wait()
    return 0
