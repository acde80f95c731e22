# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A connection to the admin interface of a libvirt daemon. Private to this collection.

Any call can hang for ever: a frozen daemon answers nothing, and a daemon that has reached its limit of admin clients
leaves new ones waiting. So each runs in a thread of its own under a deadline. Errors of libvirt belong to the thread
that made the call, and are read there.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import types
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon import params
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.calls import Calls, Handle
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.errors import (
    INTERNAL_ERROR,
    NO_CLIENT,
    AdminError,
    call_failed,
    opening_failed,
)
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.library import Library, load
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.model import TRANSPORTS, Client, Values
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.uri import DaemonUri
from ansible_collections.virtmap.core.plugins.module_utils._transport.deadline import call_with_deadline

T = t.TypeVar("T")


class AdminConnection:
    """An open connection; use it in a ``with`` statement.

    All methods raise CannotConnect when the daemon does not answer in time or is gone, NotFound for an unknown
    server, InvalidInput for what the daemon refuses, BadAnswer for what else goes wrong.

    Args:
        uri: which daemon.
        timeout: seconds for each call.
        library: the C functions, loaded when not given.

    Raises:
        MissingSystemLibrary: libvirt-admin is not installed.
        CannotConnect: the daemon does not run or does not answer in time.
        Denied: this is not the user of the daemon.
    """

    def __init__(self, uri: DaemonUri, timeout: float, library: Library | None = None) -> None:
        self.uri = uri
        self._timeout = timeout
        self._c = library or load()
        self._lib = Calls(self._c)
        self._stuck = False
        try:
            self._conn: Handle = self._within_deadline(
                "connecting (it is frozen, or its server admin has as many clients as it may have, which a "
                "restart of the daemon cures)",
                lambda: self._lib.good(self._c.virAdmConnectOpen(uri.text.encode(), 0)),
            )
        except AdminError as exc:
            raise opening_failed(uri.text, exc) from exc

    def __enter__(self) -> AdminConnection:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: types.TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, unless a call still hangs in it: closing would hang as well.

        A daemon that stops answering now is left alone: all that was asked has been answered, or its error is on its way
        up.
        """
        if not self._stuck:
            with contextlib.suppress(CannotConnect):
                self._within_deadline("closing the connection", lambda: self._c.virAdmConnectClose(self._conn))

    # Reading

    def version(self) -> str:
        """Version of libvirt that the daemon runs, for example ``9.0.0``."""

        def call() -> int:
            number = ctypes.c_ulonglong()
            self._lib.good(self._c.virAdmConnectGetLibVersion(self._conn, ctypes.byref(number)))
            return number.value

        number = self._call("reading its version", call)
        return f"{number // 1000000}.{number // 1000 % 1000}.{number % 1000}"

    def server_names(self) -> list[str]:
        """Names of the daemon's servers, sorted."""

        def call() -> list[str]:
            servers = self._lib.handles(self._c.virAdmConnectListServers, self._conn)
            names = [self._c.virAdmServerGetName(server).decode() for server in servers]
            for server in servers:
                self._c.virAdmServerFree(server)
            return sorted(names)

        return self._call("listing its servers", call)

    def threadpool(self, server: str) -> Values:
        """Numbers of a server's thread pool by their wire names."""
        return self._parameters("reading the thread pool", server, self._c.virAdmServerGetThreadPoolParameters)

    def client_limits(self, server: str) -> Values:
        """Numbers of a server's client limits by their wire names."""
        return self._parameters("reading the client limits", server, self._c.virAdmServerGetClientLimits)

    def clients(self, server: str) -> list[Client]:
        """The clients of a server, by id. One that leaves while it is being looked at is left out.

        Each is a call of its own with a deadline of its own, as a busy daemon with thousands of clients takes its time.
        """

        def call() -> list[Handle]:
            with self._lib.server(self._conn, server) as handle:
                return self._lib.handles(self._c.virAdmServerListClients, handle)

        handles = self._call("listing the clients", call)
        try:
            looks = [functools.partial(self._look_at, handle) for handle in handles]
            looked_at = [self._call("looking at a client", look) for look in looks]
        finally:
            # A call that hangs still uses its handle.
            for handle in handles if not self._stuck else ():
                self._c.virAdmClientFree(handle)
        return sorted((client for client in looked_at if client is not None), key=lambda client: client.id)

    def client_ids(self, server: str) -> set[int]:
        """Ids of the clients of a server, in one call."""

        def call() -> set[int]:
            with self._lib.server(self._conn, server) as handle:
                clients = self._lib.handles(self._c.virAdmServerListClients, handle)
            ids = {self._c.virAdmClientGetID(client) for client in clients}
            for client in clients:
                self._c.virAdmClientFree(client)
            return ids

        return self._call("listing the clients", call)

    def log_filters(self) -> str:
        """The log filters, as the daemon writes them."""
        return self._text("reading the log filters", self._c.virAdmConnectGetLoggingFilters)

    def log_outputs(self) -> str:
        """The log outputs, as the daemon writes them."""
        return self._text("reading the log outputs", self._c.virAdmConnectGetLoggingOutputs)

    # Writing

    def set_threadpool(self, server: str, numbers: t.Mapping[str, int]) -> None:
        """Set numbers of a thread pool by their wire names, all together or none."""
        self._set_parameters("setting the thread pool", server, self._c.virAdmServerSetThreadPoolParameters, numbers)

    def set_client_limits(self, server: str, numbers: t.Mapping[str, int]) -> None:
        """Set client limits by their wire names, all together or none."""
        self._set_parameters("setting the client limits", server, self._c.virAdmServerSetClientLimits, numbers)

    def close_client(self, server: str, number: int) -> bool:
        """End the connection of a client; False when it had left already."""

        def call() -> bool:
            try:
                with self._lib.server(self._conn, server) as handle, self._lib.client(handle, number) as client:
                    self._lib.good(self._c.virAdmClientClose(client, 0))
            except AdminError as exc:
                if exc.code == NO_CLIENT:
                    return False
                raise
            return True

        return self._call(f"disconnecting client {number}", call)

    def set_log_filters(self, filters: str) -> None:
        """Set all log filters; an empty text means none."""
        function = self._c.virAdmConnectSetLoggingFilters
        self._call("setting the log filters", lambda: self._lib.good(function(self._conn, filters.encode(), 0)))

    def set_log_outputs(self, outputs: str) -> None:
        """Set all log outputs; an empty text means the built-in default."""
        function = self._c.virAdmConnectSetLoggingOutputs
        self._call("setting the log outputs", lambda: self._lib.good(function(self._conn, outputs.encode(), 0)))

    def update_tls_files(self, server: str) -> None:
        """Make a server read its TLS certificates, key and revocation list again, from their default paths."""
        function = self._c.virAdmServerUpdateTlsFiles

        def call() -> None:
            with self._lib.server(self._conn, server) as handle:
                self._lib.good(function(handle, 0))

        self._call("reading its TLS files again", call)

    def set_idle_timeout(self, seconds: int) -> None:
        """Make the daemon end itself when it was idle so long; 0 means never."""
        function = self._c.virAdmConnectSetDaemonTimeout
        self._call("setting its idle timeout", lambda: self._lib.good(function(self._conn, seconds, 0)))

    # How calls are made

    def _within_deadline(self, doing: str, call: t.Callable[[], T]) -> T:
        message = f"{self.uri.text}: the daemon did not answer within {self._timeout:g} seconds while {doing}"
        done = False

        def run() -> T:
            nonlocal done
            try:
                return call()
            finally:
                done = True

        try:
            return call_with_deadline(run, self._timeout, message)
        finally:
            self._stuck = not done

    def _call(self, doing: str, call: t.Callable[[], T]) -> T:
        try:
            return self._within_deadline(doing, call)
        except AdminError as exc:
            alive = self._within_deadline(doing, lambda: self._c.virAdmConnectIsAlive(self._conn) == 1)
            raise call_failed(self.uri.text, doing, exc, alive) from exc

    def _parameters(self, doing: str, server: str, function: t.Any) -> Values:
        def call() -> Values:
            with self._lib.server(self._conn, server) as handle:
                return self._lib.parameters(function, handle)

        return self._call(doing, call)

    def _set_parameters(self, doing: str, server: str, function: t.Any, numbers: t.Mapping[str, int]) -> None:
        def call() -> None:
            with self._lib.server(self._conn, server) as handle:
                self._lib.good(function(handle, params.from_numbers(numbers), len(numbers), 0))

        self._call(doing, call)

    def _look_at(self, handle: Handle) -> Client | None:
        """A client of a list with its identity; None when it has left since."""
        info: Values | None = None
        try:
            info = self._lib.parameters(self._c.virAdmClientGetInfo, handle)
        except AdminError as exc:
            if exc.code == NO_CLIENT:
                return None
            # One that has not authenticated itself has no identity. The daemon has no error code of its own for that; a
            # broken connection gives the same one.
            if exc.code != INTERNAL_ERROR or self._c.virAdmConnectIsAlive(self._conn) != 1:
                raise
        transport = TRANSPORTS.get(self._c.virAdmClientGetTransport(handle), "unknown")
        return Client(self._c.virAdmClientGetID(handle), self._c.virAdmClientGetTimestamp(handle), transport, info)

    def _text(self, doing: str, function: t.Any) -> str:
        return self._call(doing, lambda: self._lib.text(function, self._conn))


def connect(uri: DaemonUri, timeout: float) -> AdminConnection:
    """Open a connection, see AdminConnection; the place where tests put a daemon of another version."""
    return AdminConnection(uri, timeout)
