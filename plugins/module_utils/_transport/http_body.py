# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Unpacking the body of an answer while it arrives. Private to this collection.

urllib3 before 2.0 returns nothing in the middle of a packed body when a piece of it does not complete a block, which
every reader takes for the end; and more than was asked for, however large it grows. Hence it is not left to urllib3.
"""

from __future__ import annotations

import typing as t
import zlib

# How zlib calls the wrappings: gzip, zlib's own, none.
_GZIP, _ZLIB, _BARE = 31, 15, -15


class CannotUnpack(Exception):
    """The body is not packed as its header says, or in a way that is not known."""


class Unpacker:
    """Reads a body; empty bytes mean that it has ended, and never anything else.

    Args:
        read: gives at most so many bytes as they came over the wire, empty at the end.
        coding: value of Content-Encoding.

    Raises:
        CannotUnpack: the coding is not known; all methods raise it for a body that is broken.
    """

    def __init__(self, read: t.Callable[[int], bytes], coding: str) -> None:
        self._read = read
        self._coding = coding.strip().lower()
        if self._coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise CannotUnpack(f"it is packed with {self._coding}")
        self._packed = self._coding not in ("", "identity")
        self._inflater: t.Any = None
        self._left = b""

    def read(self, size: int) -> bytes:
        """At most ``size`` unpacked bytes."""
        if not self._packed:
            return self._read(size)
        while True:
            if not self._left:
                self._left = self._read(size)
                if not self._left:
                    self._check_end()
                    return b""
            try:
                data = self._inflate(size)
            except zlib.error as exc:
                raise CannotUnpack(str(exc)) from exc
            if data:
                return data

    def _inflate(self, size: int) -> bytes:
        if self._inflater is None:
            self._inflater = zlib.decompressobj(self._wrapping())
        data: bytes = self._inflater.decompress(self._left, size)
        self._left = self._inflater.unconsumed_tail
        if self._inflater.eof:
            # gzip allows several members, one after the other.
            self._left = self._inflater.unused_data
            self._inflater = None
        return data

    def _wrapping(self) -> int:
        if self._coding != "deflate":
            return _GZIP
        # "deflate" is zlib's format by the standard, and bare for some servers; zlib's first byte says method 8.
        return _ZLIB if self._left[0] & 0x0F == 8 else _BARE

    def _check_end(self) -> None:
        if self._inflater is not None:
            raise CannotUnpack("it ends too early")
