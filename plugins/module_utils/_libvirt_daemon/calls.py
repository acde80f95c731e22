# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Calling libvirt-admin: errors, handles, and the memory that it gives. Private to this collection."""

from __future__ import annotations

import contextlib
import ctypes
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon import params
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.errors import INTERNAL_ERROR, AdminError
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.library import Library
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.model import Values

T = t.TypeVar("T")
Handle = t.Any


class Calls:
    """The library with its rules kept: what it allocates is freed, and what fails becomes an AdminError.

    Errors of libvirt belong to the thread that made the call, so each method has to run in one piece in one thread.

    Args:
        library: the C functions.
    """

    def __init__(self, library: Library) -> None:
        self.c = library

    def good(self, result: T) -> T:
        """The result of a C function, or its error when it is a null pointer or a negative number.

        Raises:
            AdminError: what libvirt says about the failure.
        """
        if result is not None and not (isinstance(result, int) and result < 0):
            return result
        error = self.c.virGetLastError()
        if not error:
            raise AdminError(INTERNAL_ERROR, 0, "libvirt gives no reason")
        content = error.contents
        raise AdminError(content.code, content.domain, (content.message or b"").decode("utf-8", errors="replace"))

    @contextlib.contextmanager
    def server(self, conn: Handle, name: str) -> t.Iterator[Handle]:
        """The handle of the server of this name."""
        handle = self.good(self.c.virAdmConnectLookupServer(conn, name.encode(), 0))
        try:
            yield handle
        finally:
            self.c.virAdmServerFree(handle)

    @contextlib.contextmanager
    def client(self, server: Handle, number: int) -> t.Iterator[Handle]:
        """The handle of the client of this id."""
        handle = self.good(self.c.virAdmServerLookupClient(server, number, 0))
        try:
            yield handle
        finally:
            self.c.virAdmClientFree(handle)

    def handles(self, function: t.Any, parent: Handle) -> list[Handle]:
        """The handles that a function lists; the caller has to free each of them."""
        array = ctypes.POINTER(ctypes.c_void_p)()
        count = self.good(function(parent, ctypes.byref(array), 0))
        try:
            return [array[index] for index in range(count)]
        finally:
            self.c.free(ctypes.cast(array, ctypes.c_void_p))

    def parameters(self, function: t.Any, handle: Handle) -> Values:
        """The typed parameters that a function gives, as values by name."""
        array, count = params.TypedParameters(), ctypes.c_int()
        self.good(function(handle, ctypes.byref(array), ctypes.byref(count), 0))
        try:
            return params.to_dict(array, count.value)
        finally:
            self.c.virTypedParamsFree(array, count)

    def text(self, function: t.Any, handle: Handle) -> str:
        """The text that a function gives; none at all is an empty one."""
        pointer = ctypes.c_void_p()
        self.good(function(handle, ctypes.byref(pointer), 0))
        if not pointer:
            return ""
        try:
            return ctypes.string_at(pointer).decode("utf-8", errors="replace")
        finally:
            self.c.free(pointer)
