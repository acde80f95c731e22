# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Network interfaces and their addresses, asked of the kernel over netlink."""

from __future__ import annotations

import socket
import struct
import typing as t

RTM_GETLINK, RTM_GETADDR = 18, 22
NLM_F_REQUEST_DUMP = 0x301
NLMSG_ERROR, NLMSG_DONE = 2, 3
IFF_UP, IFF_LOOPBACK = 0x1, 0x8
IFLA_ADDRESS, IFLA_IFNAME = 1, 3
IFA_ADDRESS, IFA_LOCAL = 1, 2
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")


def interfaces(ignored: t.Collection[str]) -> list[dict[str, t.Any]]:
    """Every interface that is up and no loopback: ``name``, ``hw``, ``inet``, ``inet6``, addresses without prefix."""
    found: dict[int, dict[str, t.Any]] = {}
    for body in _dump(RTM_GETLINK):
        _family, _type, index, flags, _change = struct.unpack_from("=BxHiII", body)
        attributes = _attributes(body[16:])
        name = attributes.get(IFLA_IFNAME, b"").rstrip(b"\0").decode("utf-8", "replace")
        if flags & IFF_UP and not flags & IFF_LOOPBACK and name not in ignored:
            hardware = ":".join(f"{byte:02x}" for byte in attributes.get(IFLA_ADDRESS, b""))
            found[index] = {"name": name, "inet": [], "inet6": [], "hw": hardware}
    for body in _dump(RTM_GETADDR):
        family, index = struct.unpack_from("=BxxxI", body)
        attributes = _attributes(body[8:])
        # Of a point-to-point link the one is the other side, the other one ours.
        raw = attributes.get(IFA_LOCAL) or attributes.get(IFA_ADDRESS)
        if index in found and raw and family in (socket.AF_INET, socket.AF_INET6):
            key = "inet" if family == socket.AF_INET else "inet6"
            found[index][key].append(socket.inet_ntop(family, raw))
    return list(found.values())


def _dump(kind: int) -> t.Iterator[bytes]:
    """The bodies of all messages that answer a request for everything of a kind."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as channel:
        channel.settimeout(3)
        channel.bind((0, 0))
        channel.send(_HEADER.pack(_HEADER.size + 16, kind, NLM_F_REQUEST_DUMP, 1, 0) + bytes(16))
        while True:
            data = channel.recv(65536)
            while len(data) >= _HEADER.size:
                length, answer, _flags, _sequence, _pid = _HEADER.unpack_from(data)
                if answer == NLMSG_DONE:
                    return
                if answer == NLMSG_ERROR or length < _HEADER.size:
                    raise OSError("the kernel refuses to list its network interfaces")
                yield data[_HEADER.size : length]
                data = data[(length + 3) & ~3 :]


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            break
        found[kind] = data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
    return found
