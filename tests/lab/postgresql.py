# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A private PostgreSQL server on a Unix socket and a free loopback port, one for each test process."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import typing as t
from functools import cache
from pathlib import Path

import psycopg

USER = "virtmap"
PASSWORD = "s3cret-of-the-test"
_NUMBERS = itertools.count(1)


class Server(t.NamedTuple):
    """A running server.

    Attributes:
        folder: that of its socket, where USER needs no password; over TCP PASSWORD is asked for.
    """

    folder: str
    port: int


def programs() -> Path | None:
    """The folder of the newest PostgreSQL server; Debian keeps it out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return Path(there).parent if there else None


def _as_user(command: list[str]) -> None:
    """Run a program of PostgreSQL, which refuses to be run by root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*prefix, *command], capture_output=True, text=True, timeout=120, check=False, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout} {done.stderr}")


@cache
def server() -> Server:
    """The server, started on first use."""
    bin_folder = programs()
    if bin_folder is None:
        raise RuntimeError("PostgreSQL is missing (apt: postgresql)")
    folder = tempfile.mkdtemp(prefix="virtmap-pg-")
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = f"{folder}/data"
    password = Path(folder, "password")
    password.write_text(f"{PASSWORD}\n", encoding="utf-8")
    password.chmod(0o644)
    initdb = [str(bin_folder / "initdb"), "-D", data, "-U", USER, "--pwfile", str(password), "--no-sync", "-E", "UTF8"]
    _as_user([*initdb, "--auth-local=trust", "--auth-host=scram-sha-256", "--locale=C"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    pg_ctl = str(bin_folder / "pg_ctl")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=16MB"
    _as_user([pg_ctl, "-D", data, "-w", "-t", "90", "-l", f"{folder}/log", "-o", options, "start"])

    def stop() -> None:
        _as_user([pg_ctl, "-D", data, "-m", "immediate", "-w", "stop"])
        shutil.rmtree(folder)

    atexit.register(stop)
    return Server(folder, port)


def fresh_database() -> dict[str, t.Any]:
    """Make an empty database; the options of a history in it."""
    running = server()
    name = f"history{next(_NUMBERS)}"
    with psycopg.connect(
        host=running.folder, port=running.port, user=USER, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return {"server": running.folder, "port": running.port, "username": USER, "database": name}
