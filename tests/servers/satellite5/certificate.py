# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The system id certificate: one XML-RPC struct with a digest that only the server can make."""

from __future__ import annotations

import hashlib
import typing as t
import xmlrpc.client
from xml.parsers.expat import ExpatError

from .state import Database, System

FIELDS = ("system_id", "os_release", "operating_system", "architecture", "username", "type")


def checksum(secret: str, values: t.Mapping[str, str], fields: t.Sequence[str]) -> str:
    """The digest over secret, values and names of the fields; secrets of 32 characters are from MD5's days."""
    digest = hashlib.md5() if len(secret) == 32 else hashlib.sha256()
    for text in (secret, *(values[name] for name in fields), *fields):
        digest.update(text.encode("utf-8"))
    return digest.hexdigest()


def registered(database: Database, system: System) -> str:
    """The certificate that a registration returns."""
    description = (
        f"Initial Registration Parameters:\nOS: {system.os}\nRelease: {system.release}\nCPU Arch: {system.arch}"
    )
    return _write(database, system, architecture=system.arch, profile_name=system.name, description=description)


def downloaded(database: Database, system: System) -> str:
    """The equivalent certificate that ``system.downloadSystemId`` returns."""
    return _write(database, system, architecture=f"{system.arch}-redhat-linux")


def _write(database: Database, system: System, **more: str) -> str:
    values: dict[str, t.Any] = {
        "username": system.login,
        "operating_system": system.os,
        "os_release": system.release,
        "system_id": system.system_id,
        "type": "REAL",
        **more,
    }
    values["checksum"] = checksum(database.secret, values, FIELDS)
    values["fields"] = list(FIELDS)
    return '<?xml version="1.0"?>\n' + xmlrpc.client.dumps((values,))


def check(database: Database, text: object) -> System | None:
    """The system of a certificate; None for any certificate that the server does not take."""
    values = _read(text)
    fields = values.get("fields")
    if not isinstance(fields, list) or any(not isinstance(values.get(name), str) for name in fields):
        return None
    if "system_id" not in values or values.get("type") == "ANONYMOUS":
        return None
    number = str(values["system_id"]).rpartition("-")[2]
    system = database.systems.get(int(number)) if number.isdigit() else None
    if system is None or values.get("checksum") != checksum(database.secret, values, fields):
        return None
    return system


def _read(text: object) -> dict[str, t.Any]:
    if not isinstance(text, str) or not text.strip():
        return {}
    try:
        # Expat wants a declaration at the very beginning; the server takes blanks before it.
        parameters = t.cast("tuple[t.Any, ...]", xmlrpc.client.loads(text.strip())[0])
    except (ExpatError, xmlrpc.client.Error, ValueError, TypeError):
        return {}
    return parameters[0] if len(parameters) == 1 and isinstance(parameters[0], dict) else {}
