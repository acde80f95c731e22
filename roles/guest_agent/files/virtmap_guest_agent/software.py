# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Installed packages and running containers."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import typing as t

from .system import run

DOCKER = "/var/run/docker.sock"
LARGEST_ANSWER = 4 * 1024 * 1024


def applications(wanted: t.Sequence[str]) -> list[str]:
    """Those of the wanted packages that are installed: rpm ``name-version-release``, deb ``name-version``.

    A name that a version follows counts as well: kernels carry theirs in the name.
    """
    if shutil.which("rpm") and not shutil.which("dpkg-query"):
        lines = run("rpm", "-qa", "--queryformat", "%{NAME}\t%{VERSION}-%{RELEASE}\n").splitlines()
    else:
        told = run("dpkg-query", "--show", "--showformat", "${db:Status-Status}\t${Package}\t${Version}\n")
        lines = [line.partition("\t")[2] for line in told.splitlines() if line.startswith("installed\t")]
    pairs = (line.partition("\t")[::2] for line in lines)
    return sorted(f"{name}-{version}" for name, version in pairs if _is_wanted(name, wanted))


def _is_wanted(name: str, wanted: t.Sequence[str]) -> bool:
    return any(name == item or (name.startswith(f"{item}-") and name[len(item) + 1].isdigit()) for item in wanted)


def containers(path: str = DOCKER) -> list[dict[str, t.Any]]:
    """The running containers of Docker; none where there is no Docker, or this user may not ask it."""
    connection = _Docker(path)
    try:
        connection.request("GET", "/containers/json")
        answer = connection.getresponse()
        entries = json.loads(answer.read(LARGEST_ANSWER)) if answer.status == http.client.OK else []
    except (OSError, http.client.HTTPException, ValueError):
        return []
    finally:
        connection.close()
    return [_container(entry) for entry in entries if isinstance(entry, dict)]


def _container(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "id": str(entry.get("Id", "")),
        "names": [str(name) for name in entry.get("Names") or []],
        "image": str(entry.get("Image", "")),
        "command": str(entry.get("Command", "")),
        "status": str(entry.get("Status", "")),
    }


class _Docker(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=3)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
