# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The one family of errors. Private to this collection.

Everything below the edge (module, inventory plugin, event source) raises one of these; only the edge decides what
becomes of it. The text is one plain sentence for the user: which source, which server, what happened, what to do. It
never holds a secret.
"""

from __future__ import annotations

import contextlib
import typing as t


class VirtmapError(Exception):
    """Base of all errors of this collection.

    Args:
        message: one plain sentence for the user, free of secrets.
        result: keys that the edge adds to its result, for example what was done before the error.
    """

    def __init__(self, message: str, result: dict[str, t.Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.result: dict[str, t.Any] = result or {}


@contextlib.contextmanager
def told(result: dict[str, t.Any]) -> t.Iterator[None]:
    """Let an error from inside tell what was done before it.

    Args:
        result: keys for the result of the failed task; the same dictionary may be filled further inside.
    """
    try:
        yield
    except VirtmapError as exc:
        exc.result = {**result, **exc.result}
        raise


class MissingLibrary(VirtmapError):
    """A Python library that this task needs is not installed for the interpreter that runs it.

    Args:
        library: the name under which the library is installed, for example ``requests``.
        reason: what it is needed for, completes "This is required".
        traceback: the traceback of the failed import, None where there is none.
    """

    def __init__(self, library: str, reason: str | None = None, traceback: str | None = None) -> None:
        super().__init__(f"the Python library {library} is not installed")
        self.library = library
        self.reason = reason
        self.traceback = traceback


class MissingSystemLibrary(MissingLibrary):
    """A library of the operating system, not of Python, that this task needs is not installed, or is too old.

    Args:
        library: its file name, for example ``libvirt-admin.so.0``.
        package: the packages that bring it.
        reason: what exactly is wrong.
    """

    def __init__(self, library: str, package: str, reason: str) -> None:
        super().__init__(library, reason)
        self.message = (
            f"the library {library} cannot be used on this host: {reason}. It comes with the package {package}"
        )
        self.args = (self.message,)


class InvalidInput(VirtmapError):
    """An option, a file or a mapping that the user gave is wrong; nothing was contacted because of it."""


class CannotConnect(VirtmapError):
    """The server cannot be reached, is not trusted, did not answer in time, or is not in service now."""


class Denied(VirtmapError):
    """The server refused the credentials or the right to do this."""


class NotFound(VirtmapError):
    """The server answered that the thing asked for does not exist."""


class Partial(VirtmapError):
    """Some of the work succeeded or some of the data arrived, but not all of it."""


class BadAnswer(VirtmapError):
    """The server answered something that its protocol does not allow, or that it declares to be its own failure."""


class Lost(str):
    """A warning of a watch: it lost its source, and tries to reach it again until it does.

    A text like every other warning; who has to know that nothing is heard of the source can tell it from the others.
    """

    __slots__ = ()
