# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""As much of D-Bus as it takes to own a name on the system bus and emit a signal with a text."""

from __future__ import annotations

import os
import socket
import struct
import typing as t

DEFAULT_ADDRESS = "unix:path=/run/dbus/system_bus_socket"
SECONDS = 5.0
METHOD_CALL, METHOD_RETURN, ERROR, SIGNAL = 1, 2, 3, 4
PATH, INTERFACE, MEMBER, REPLY_SERIAL, DESTINATION, SIGNATURE = 1, 2, 3, 5, 6, 8
DO_NOT_QUEUE = 4
PRIMARY_OWNER, ALREADY_OWNER = 1, 4
BUS = "org.freedesktop.DBus"
LONGEST_MESSAGE = 1024 * 1024


class BusError(Exception):
    """The bus is not there, or refused."""


class SystemBus:
    """A connection to the bus; a context manager.

    Args:
        address: where the bus is; None for what the environment or the standard says.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address or os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", DEFAULT_ADDRESS)
        self._serial = 0
        self._socket = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> SystemBus:
        try:
            self._connect()
            self._call("Hello", "", b"")
        except OSError as exc:
            self._socket.close()
            raise BusError(f"the system bus cannot be used: {exc}") from exc
        except BusError:
            self._socket.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def request_name(self, name: str) -> None:
        """Own a name, at once or not at all.

        Raises:
            BusError: it belongs to another, or the bus does not allow it.
        """
        body = self._call("RequestName", "su", _pad(_text(name), 4) + struct.pack("<I", DO_NOT_QUEUE))
        if struct.unpack_from("<I", body)[0] not in (PRIMARY_OWNER, ALREADY_OWNER):
            raise BusError(f"the name {name} belongs to another program")

    def emit(self, path: str, interface: str, member: str, text: str) -> None:
        """Emit a signal with one text, and wait until the bus has taken it."""
        fields = [_field(PATH, "o", path), _field(INTERFACE, "s", interface), _field(MEMBER, "s", member)]
        self._send(SIGNAL, fields, "s", _text(text))
        # The bus takes messages in order: its answer to anything says that the signal is through.
        self._call("GetId", "", b"")

    def _connect(self) -> None:
        parts = self._address.split(";")[0].partition(":")[2].split(",")
        options = dict(part.split("=", 1) for part in parts if "=" in part)
        place = options.get("path") or "\0" + options.get("abstract", "")
        self._socket.settimeout(SECONDS)
        self._socket.connect(place)
        identity = str(os.geteuid()).encode("ascii").hex()
        self._socket.sendall(b"\0AUTH EXTERNAL " + identity.encode("ascii") + b"\r\n")
        answer = self._exactly_until(b"\r\n")
        if not answer.startswith(b"OK "):
            raise BusError("the system bus refuses this user")
        self._socket.sendall(b"BEGIN\r\n")

    def _exactly_until(self, end: bytes) -> bytes:
        data = b""
        while not data.endswith(end) and len(data) < 1024:
            byte = self._socket.recv(1)
            if not byte:
                raise BusError("the system bus hung up")
            data += byte
        return data

    def _send(self, kind: int, fields: list[bytes], signature: str, body: bytes) -> int:
        self._serial += 1
        if signature:
            fields = [*fields, _field(SIGNATURE, "g", signature)]
        filled = b"".join(_pad(field, 8) for field in fields)
        # What fills up the last one comes after the list, not within it.
        size = len(filled) - len(_pad(fields[-1], 8)) + len(fields[-1])
        header = struct.pack("<cBBBIII", b"l", kind, 0, 1, len(body), self._serial, size)
        self._socket.sendall(header + filled + body)
        return self._serial

    def _call(self, member: str, signature: str, body: bytes) -> bytes:
        fields = [_field(PATH, "o", "/org/freedesktop/DBus"), _field(INTERFACE, "s", BUS)]
        fields += [_field(MEMBER, "s", member), _field(DESTINATION, "s", BUS)]
        serial = self._send(METHOD_CALL, fields, signature, body)
        while True:
            kind, reply_to, answer = self._receive()
            if reply_to == serial and kind == METHOD_RETURN:
                return answer
            if reply_to == serial and kind == ERROR:
                reason = answer[4:200].decode("utf-8", "replace").rstrip("\0")
                raise BusError(f"the system bus refuses {member}: {reason}")

    def _receive(self) -> tuple[int, int | None, bytes]:
        """Kind, number of the message that it answers, body."""
        start = self._exactly(16)
        order = "<" if start[:1] == b"l" else ">"
        _order, kind, _flags, _version, body_size, _serial, fields_size = struct.unpack(f"{order}cBBBIII", start)
        if fields_size + body_size > LONGEST_MESSAGE:
            raise BusError("the system bus sent a message that is too long")
        rest = self._exactly((fields_size + 7) // 8 * 8 + body_size)
        return kind, _reply_to(rest[:fields_size], order), rest[len(rest) - body_size :]

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                raise BusError("the system bus hung up")
            data += part
        return data


def _reply_to(fields: bytes, order: str) -> int | None:
    """The value of the field REPLY_SERIAL; fields are aligned to 8 bytes."""
    place = 0
    while place + 4 <= len(fields):
        code, size, signature = fields[place], fields[place + 1], chr(fields[place + 2])
        place += 2 + size + 1
        if signature == "g":
            place += 1 + fields[place] + 1
        else:
            place = (place + 3) // 4 * 4
            (number,) = struct.unpack_from(f"{order}I", fields, place)
            if code == REPLY_SERIAL:
                return t.cast(int, number)
            place += 4 + (number + 1 if signature in "so" else 0)
        place = (place + 7) // 8 * 8
    return None


def _pad(data: bytes, size: int) -> bytes:
    return data + bytes(-len(data) % size)


def _text(text: str) -> bytes:
    data = text.encode("utf-8")
    return struct.pack("<I", len(data)) + data + b"\0"


def _field(code: int, signature: str, value: str) -> bytes:
    """A field of the header."""
    if signature == "g":
        data = value.encode("ascii")
        packed = bytes([len(data)]) + data + b"\0"
    else:
        packed = _text(value)
    return bytes([code, 1]) + signature.encode("ascii") + b"\0" + packed
