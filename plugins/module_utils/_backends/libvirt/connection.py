# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A connection to libvirt, read-only unless asked otherwise, of which every call has a deadline. Private to this collection."""

from __future__ import annotations

import traceback
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import Failure, Transient, explain
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import Uri
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, MissingLibrary
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.deadline import call_with_deadline

try:
    import libvirt
except ImportError:
    LIBVIRT_ERROR: str | None = traceback.format_exc()
else:
    LIBVIRT_ERROR = None

T = t.TypeVar("T")
# How long a goodbye may take. The answer is complete by then.
CLOSE_SECONDS = 5.0


class Connection:
    """A connection to one daemon.

    libvirt has no time-out for connecting nor for calls, and its calls cannot be interrupted. Each runs in a thread
    that is left behind when time is up; the connection is not touched from then on, because even closing it would wait
    for the stuck call.

    Args:
        timeout: seconds for each call.
        username, password: for daemons that authenticate with SASL.
        read_only: libvirt lets nobody talk to guest agents over such a connection.

    Raises:
        MissingLibrary: the Python binding is not installed.
    """

    def __init__(
        self,
        uri: Uri,
        *,
        timeout: float,
        username: str | None = None,
        password: str | None = None,
        read_only: bool = True,
    ) -> None:
        if LIBVIRT_ERROR is not None:
            raise MissingLibrary("libvirt-python", reason=f"to ask {uri.source}", traceback=LIBVIRT_ERROR)
        self.uri = uri
        self.timeout = timeout
        self._username = username
        self._password = password
        self._read_only = read_only
        self._conn: t.Any = None

    def __enter__(self) -> Connection:
        self.open()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def open(self) -> None:
        """Connect.

        Raises:
            CannotConnect, Denied, NotFound, BadAnswer, InvalidInput: see errors.RULES.
        """
        # Without a handler the library writes each error to stderr, where ssh and Ansible mix it with the result.
        libvirt.registerErrorHandler(_quiet, None)
        types = [libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_PASSPHRASE, libvirt.VIR_CRED_NOECHOPROMPT]
        auth = [types, _Credentials(self._username, self._password), None]

        def connect() -> t.Any:
            return libvirt.openAuth(self.uri.text, auth, libvirt.VIR_CONNECT_RO if self._read_only else 0)

        try:
            self._conn = self._within_deadline(connect, "connecting")
        except libvirt.libvirtError as exc:
            raise explain(_failure(exc), self.uri, "connecting") from exc

    def close(self) -> None:
        """Disconnect; a daemon that stopped answering is left alone."""
        conn, self._conn = self._conn, None
        if conn is None:
            return
        try:
            call_with_deadline(conn.close, min(self.timeout, CLOSE_SECONDS), "")
        except (CannotConnect, libvirt.libvirtError):
            # All that was asked has been answered before, or its error is on its way up.
            return

    def call(self, doing: str, function: t.Callable[[t.Any], T]) -> T:
        """Make one call.

        Args:
            doing: what it does, for errors, such as ``listing the guests``.
            function: gets libvirt's connection object.

        Raises:
            CannotConnect: no answer in time, or the connection broke (Transient).
            Denied, NotFound, BadAnswer: see errors.RULES.
        """
        result = self.attempt(doing, function)
        if isinstance(result, Failure):
            raise explain(result, self.uri, doing)
        return result

    def attempt(self, doing: str, function: t.Callable[[t.Any], T], seconds: float | None = None) -> T | Failure:
        """Like ``call``, but hand over what the daemon itself refused or could not do.

        Args:
            seconds: for a call that takes long by its nature; None for those of the connection.
        """
        conn = self._conn
        if conn is None:
            # Time was up in a call before, or it was closed. Whoever cleans up must not hide that error with one of Python's.
            raise CannotConnect(f"the connection to libvirt at {shown(self.uri.source)} is given up")
        try:
            return self._within_deadline(lambda: function(conn), doing, seconds)
        except libvirt.libvirtError as exc:
            failure = _failure(exc)
            if not conn.isAlive():
                raise Transient(
                    f"libvirt at {shown(self.uri.source)} broke off the connection while {doing} "
                    f"({shown(failure.text)}); run the task again, and look at the daemon's log"
                ) from exc
            return failure

    def _within_deadline(self, call: t.Callable[[], T], doing: str, seconds: float | None = None) -> T:
        deadline = self.timeout if seconds is None else seconds
        message = (
            f"libvirt at {shown(self.uri.source)} did not answer within {deadline:g} seconds while {doing}; "
            "check that the daemon is well and the network up, or raise timeout"
        )
        try:
            return call_with_deadline(call, deadline, message)
        except CannotConnect:
            self._conn = None
            raise


class _Credentials:
    """Answers libvirt's questions for credentials, or refuses them, so that nothing waits for a person."""

    def __init__(self, username: str | None, password: str | None) -> None:
        self._username = username
        self._password = password

    def __call__(self, questions: list[list[t.Any]], _opaque: object) -> int:
        for question in questions:
            answer = self._username if question[0] == libvirt.VIR_CRED_AUTHNAME else self._password
            if answer is None:
                return -1
            question[4] = answer
        return 0


def _quiet(_context: object, _error: object) -> None:
    """Every error is raised as an exception as well."""


def _failure(exc: t.Any) -> Failure:
    return Failure(exc.get_error_code() or 0, exc.get_error_domain() or 0, exc.get_error_message() or str(exc))
