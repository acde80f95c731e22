# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The C library libvirt-admin, its functions with their types. Private to this collection.

There is no Python binding for it. Handles are pointers, so that every function needs its types declared: what ctypes
assumes otherwise cuts them to 32 bits. The library must never be used in a process that also uses libvirt-python:
both register object types of the same names, and the process crashes.
"""

from __future__ import annotations

import ctypes
import functools
import sys
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import MissingSystemLibrary, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.params import TypedParameter, TypedParameters

LIBVIRT = "libvirt.so.0"
LIBVIRT_ADMIN = "libvirt-admin.so.0"
PACKAGES = "libvirt0 on Debian and Ubuntu, libvirt-libs on Fedora and Red Hat Enterprise Linux"

_Handle = ctypes.c_void_p
_Text = ctypes.c_char_p
_Uint = ctypes.c_uint
_Int = ctypes.c_int
_Out = ctypes.POINTER
# Memory that the caller frees stays a plain pointer: a c_char_p result would lose its address.
_Prototypes = dict[str, tuple[t.Any, list[t.Any]]]

_GET_PARAMETERS = (_Int, [_Handle, _Out(TypedParameters), _Out(_Int), _Uint])
_SET_PARAMETERS = (_Int, [_Handle, _Out(TypedParameter), _Int, _Uint])
_LIST = (_Int, [_Handle, _Out(_Out(_Handle)), _Uint])
_GET_TEXT = (_Int, [_Handle, _Out(_Handle), _Uint])
_SET_TEXT = (_Int, [_Handle, _Text, _Uint])
_FREE = (_Int, [_Handle])

ADMIN_FUNCTIONS: _Prototypes = {
    "virAdmInitialize": (_Int, []),
    "virAdmConnectOpen": (_Handle, [_Text, _Uint]),
    "virAdmConnectClose": _FREE,
    "virAdmConnectIsAlive": (_Int, [_Handle]),
    "virAdmConnectGetLibVersion": (_Int, [_Handle, _Out(ctypes.c_ulonglong)]),
    "virAdmConnectListServers": _LIST,
    "virAdmConnectLookupServer": (_Handle, [_Handle, _Text, _Uint]),
    "virAdmServerGetName": (_Text, [_Handle]),
    "virAdmServerFree": _FREE,
    "virAdmServerGetThreadPoolParameters": _GET_PARAMETERS,
    "virAdmServerSetThreadPoolParameters": _SET_PARAMETERS,
    "virAdmServerGetClientLimits": _GET_PARAMETERS,
    "virAdmServerSetClientLimits": _SET_PARAMETERS,
    "virAdmServerListClients": _LIST,
    "virAdmServerLookupClient": (_Handle, [_Handle, ctypes.c_ulonglong, _Uint]),
    "virAdmClientGetID": (ctypes.c_ulonglong, [_Handle]),
    "virAdmClientGetTimestamp": (ctypes.c_longlong, [_Handle]),
    "virAdmClientGetTransport": (_Int, [_Handle]),
    "virAdmClientGetInfo": _GET_PARAMETERS,
    "virAdmClientClose": (_Int, [_Handle, _Uint]),
    "virAdmClientFree": _FREE,
}
# Functions that came after 2.0.0; an old library lacks them, and only a task that needs one fails.
LATER_FUNCTIONS: dict[str, tuple[str, tuple[t.Any, list[t.Any]]]] = {
    "virAdmConnectGetLoggingFilters": ("3.0.0", _GET_TEXT),
    "virAdmConnectGetLoggingOutputs": ("3.0.0", _GET_TEXT),
    "virAdmConnectSetLoggingFilters": ("3.0.0", _SET_TEXT),
    "virAdmConnectSetLoggingOutputs": ("3.0.0", _SET_TEXT),
    "virAdmServerUpdateTlsFiles": ("6.2.0", (_Int, [_Handle, _Uint])),
    "virAdmConnectSetDaemonTimeout": ("8.6.0", (_Int, [_Handle, _Uint, _Uint])),
}


class ErrorStruct(ctypes.Structure):
    """The beginning of ``struct _virError``; nothing behind these fields is read."""

    _fields_: t.ClassVar = [("code", _Int), ("domain", _Int), ("message", _Text), ("level", _Int)]


class Library:
    """The functions of libvirt-admin as attributes, ready to be called.

    Args:
        admin: the loaded libvirt-admin.
        libvirt: the loaded libvirt, where errors and typed parameters are at home.
        libc: where ``free`` is.
    """

    def __init__(self, admin: ctypes.CDLL, libvirt: ctypes.CDLL, libc: ctypes.CDLL) -> None:
        self._functions: dict[str, t.Any] = {}
        for name, prototype in ADMIN_FUNCTIONS.items():
            self._declare(admin, name, prototype)
        for name, (_since, prototype) in LATER_FUNCTIONS.items():
            if hasattr(admin, name):
                self._declare(admin, name, prototype)
        self._declare(libvirt, "virGetLastError", (_Out(ErrorStruct), []))
        self._declare(libvirt, "virTypedParamsFree", (None, [TypedParameters, _Int]))
        self._declare(libvirt, "virSetErrorFunc", (None, [_Handle, _Handle]))
        self._declare(libc, "free", (None, [_Handle]))
        # Without a handler libvirt prints each error to stderr, which is no place in a module's output. A Python
        # function as the handler could be called while the interpreter ends, so the handler is a C function that
        # ignores NULL, its first argument.
        self._functions["virSetErrorFunc"](None, ctypes.cast(libvirt.virResetError, ctypes.c_void_p))

    def _declare(self, library: ctypes.CDLL, name: str, prototype: tuple[t.Any, list[t.Any]]) -> None:
        function = getattr(library, name)
        function.restype, function.argtypes = prototype
        self._functions[name] = function

    def __getattr__(self, name: str) -> t.Any:
        try:
            return self.__dict__["_functions"][name]
        except KeyError:
            pass
        if name not in LATER_FUNCTIONS:
            raise AttributeError(name)
        raise MissingSystemLibrary(
            LIBVIRT_ADMIN,
            package=PACKAGES,
            reason=f"the installed one is too old: this needs libvirt {LATER_FUNCTIONS[name][0]} or newer",
        )


@functools.cache
def load() -> Library:
    """Load and prepare the C libraries, once per process.

    Raises:
        MissingSystemLibrary: libvirt-admin or libvirt is not installed on this host.
        VirtmapError: libvirt-python is loaded in this process, or the library cannot start.
    """
    if "libvirtmod" in sys.modules:
        raise VirtmapError("libvirt-admin cannot be used in a process that has loaded the Python library libvirt")
    try:
        admin, libvirt = ctypes.CDLL(LIBVIRT_ADMIN), ctypes.CDLL(LIBVIRT)
    except OSError as exc:
        raise MissingSystemLibrary(LIBVIRT_ADMIN, package=PACKAGES, reason=str(exc)) from exc
    library = Library(admin, libvirt, ctypes.CDLL(None))
    if library.virAdmInitialize() < 0:
        raise VirtmapError(f"{LIBVIRT_ADMIN} cannot be initialised")
    return library
