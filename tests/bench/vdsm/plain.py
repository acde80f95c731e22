# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The plainest client that reads a right mapping: a bare socket, one question after the other, nothing guarded."""

from __future__ import annotations

import json
import socket
import ssl
import typing as t
from pathlib import Path

QUESTIONS = ("Host.getVMList", "Host.getCapabilities", "Host.getAllVmStats", "Host.getHardwareInfo")
STATES = {"Up": "running", "Paused": "paused", "Powering down": "shutting_down", "Migration Source": "shutting_down"}


def plain(conf: str) -> dict[str, t.Any]:
    """Ask and put together."""
    folder = Path(conf).parent
    port = int(Path(conf).read_text(encoding="utf-8").partition("management_port = ")[2].split()[0])
    context = ssl.create_default_context(cafile=folder / "certs/cacert.pem")
    context.check_hostname = False
    context.load_cert_chain(folder / "certs/vdsmcert.pem", folder / "keys/vdsmkey.pem")
    with context.wrap_socket(socket.create_connection(("localhost", port), timeout=300)) as sock:
        stream = sock.makefile("rb")
        sock.sendall(b"CONNECT\naccept-version:1.2\nheart-beat:0,0\n\n\0")
        _read(stream)
        sock.sendall(b"SUBSCRIBE\nid:s\ndestination:q\nack:auto\n\n\0")
        found = {}
        for method in QUESTIONS:
            params = {"onlyUUID": False} if method == "Host.getVMList" else {}
            body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": method})
            head = f"SEND\ndestination:jms.topic.vdsm_requests\nreply-to:q\ncontent-length:{len(body)}\n\n"
            sock.sendall(f"{head}{body}\0".encode())
            answer = json.loads(_read(stream))
            while answer["id"] != method:
                answer = json.loads(_read(stream))
            found[method] = answer["result"]
    machines, host, stats, hardware = (found[method] for method in QUESTIONS)
    names = {row["vmId"]: row.get("vmName") for row in stats}
    guests = [
        {"uuid": row["vmId"], "name": names.get(row["vmId"]), "state": STATES.get(row["status"], "shut_off")}
        for row in machines
    ]
    guests.sort(key=lambda guest: str(guest["uuid"]))
    return {"uuid": host["uuid"], "hardware": hardware["systemUUID"], "sockets": host["cpuSockets"], "guests": guests}


def _read(stream: t.Any) -> bytes:
    """The body of the next frame."""
    length = 0
    line = stream.readline()
    while line == b"\n":
        line = stream.readline()
    while line != b"\n":
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
        line = stream.readline()
    body: bytes = stream.read(length)
    stream.read(1)
    return body
