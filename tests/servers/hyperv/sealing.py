# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Messages sealed under the key of an authenticated connection, in multipart/encrypted."""

from __future__ import annotations

import re
import struct
import typing as t

from .names import CONTENT_TYPE

if t.TYPE_CHECKING:
    import spnego

BOUNDARY = b"--Encrypted Boundary"
SPNEGO = "application/HTTP-SPNEGO-session-encrypted"
CREDSSP = "application/HTTP-CredSSP-session-encrypted"
#: CredSSP seals longer messages in pieces of this size.
CHUNK = 16384
_LENGTH = re.compile(rb"OriginalContent: type=application/soap\+xml;charset=UTF-8;Length=(\d+)\r\n")
_PART = b"\tContent-Type: application/octet-stream\r\n"


class NotSealed(Exception):
    """The body is not what a sealed message is made of, or was changed on its way."""


def is_sealed(content_type: str) -> bool:
    """Whether a body with this content type is sealed."""
    return content_type.lower().startswith(("multipart/encrypted", "multipart/x-multi-encrypted"))


def unseal(context: spnego.ContextProxy, content_type: str, body: bytes) -> bytes:
    """The message in a sealed body.

    Raises:
        NotSealed: it is none.
        spnego.exceptions.SpnegoError: it was sealed under another key, or out of turn.
    """
    protocol = CREDSSP if CREDSSP in content_type else SPNEGO
    if f'protocol="{protocol}"' not in content_type or 'boundary="Encrypted Boundary"' not in content_type:
        raise NotSealed(content_type)
    if not body.startswith(BOUNDARY + b"\r\n") or not body.endswith(BOUNDARY + b"--\r\n"):
        raise NotSealed("boundaries")
    parts = body[: -len(BOUNDARY) - 4].split(BOUNDARY + b"\r\n")[1:]
    if len(parts) % 2:
        raise NotSealed("parts")
    message = b""
    for head, sealed in zip(parts[::2], parts[1::2]):
        length = _LENGTH.search(head)
        if length is None or f"\tContent-Type: {protocol}\r\n".encode() not in head or not sealed.startswith(_PART):
            raise NotSealed("headers")
        piece = _opened(context, protocol, sealed[len(_PART) :])
        if len(piece) != int(length[1]):
            raise NotSealed("length")
        message += piece
    return message


def _opened(context: spnego.ContextProxy, protocol: str, data: bytes) -> bytes:
    length = struct.unpack("<i", data[:4])[0]
    if protocol == CREDSSP:
        return context.unwrap(data[4:]).data
    return context.unwrap_winrm(data[4 : 4 + length], data[4 + length :])


def seal(context: spnego.ContextProxy, credssp: bool, message: bytes) -> tuple[str, bytes]:
    """Content type and body of a message under seal."""
    protocol = CREDSSP if credssp else SPNEGO
    several = credssp and len(message) > CHUNK
    pieces = [message[start : start + CHUNK] for start in range(0, len(message), CHUNK)] if several else [message]
    body = b""
    for piece in pieces:
        wrapped = context.wrap_winrm(piece)
        length = len(piece) + wrapped.padding_length
        body += (
            BOUNDARY
            + f"\r\n\tContent-Type: {protocol}\r\n\tOriginalContent: type={CONTENT_TYPE};Length={length}\r\n".encode()
        )
        body += BOUNDARY + b"\r\n" + _PART + struct.pack("<i", len(wrapped.header)) + wrapped.header + wrapped.data
    kind = "multipart/x-multi-encrypted" if several else "multipart/encrypted"
    return f'{kind};protocol="{protocol}";boundary="Encrypted Boundary"', body + BOUNDARY + b"--\r\n"
