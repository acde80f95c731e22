# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A TCP or TLS connection for protocols that are not HTTP, with a deadline for each whole exchange. Private to this
collection.

Only the standard library is needed, so that it works on hypervisors as they are.
"""

from __future__ import annotations

import hmac
import socket
import ssl
import time

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.reach import ResolverTimeout, reach
from ansible_collections.virtmap.core.plugins.module_utils._transport.tls_errors import tls_error

CHUNK = 64 * 1024


class BrokenOff(CannotConnect):
    """The connection was refused or ended before the answer did; the service may be restarting."""


class Deadline:
    """A moment by which something has to be over.

    Args:
        seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then; zero or less when it is over."""
        return self._end - time.monotonic()


class TcpConnection:
    """A connection to one service.

    Args:
        host, port: where it listens.
        what: it is, with its address, as the beginning of an error sentence.
        context: TLS settings; None for a connection without TLS.
        certificate: the one certificate that the service may show, as DER, in place of a check of its name; the
            context must not check the name then.
    """

    def __init__(
        self, host: str, port: int, *, what: str, context: ssl.SSLContext | None, certificate: bytes | None = None
    ) -> None:
        self.what = shown(what)
        self._host = host
        self._port = port
        self._context = context
        self._certificate = certificate
        self._socket: socket.socket | None = None

    def open(self, deadline: Deadline) -> None:
        """Connect, and agree on TLS.

        Raises:
            BrokenOff: the connection was refused.
            CannotConnect: it cannot be reached, is not trusted, or took too long.
            Denied: it does not trust our certificate.
        """
        self._socket = self._reach(deadline)
        if self._context is None:
            return
        try:
            self._socket.settimeout(max(deadline.left, 0.001))
            secured = self._context.wrap_socket(self._socket, server_hostname=self._host)
        except OSError as exc:  # ssl.SSLError is one
            raise self._error(exc, deadline) from exc
        self._socket = secured
        if self._certificate is not None:
            shown_to_us = secured.getpeercert(binary_form=True) or b""
            if not hmac.compare_digest(shown_to_us, self._certificate):
                raise CannotConnect(
                    f"{self.what} shows another certificate than that of this host; name the host that is meant as "
                    "server, or restart the service if its certificate was renewed"
                )

    def close(self) -> None:
        """Hang up."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Send all of this.

        Raises:
            BrokenOff, CannotConnect, Denied: it could not be sent in time.
        """
        sock = self._connected()
        try:
            sock.settimeout(max(deadline.left, 0.001))
            sock.sendall(data)
        except OSError as exc:
            raise self._error(exc, deadline) from exc

    def receive(self, deadline: Deadline, longest_silence: float | None = None) -> bytes:
        """The next bytes, at least one.

        Args:
            longest_silence: seconds after which a service that says nothing at all is taken for dead.

        Raises:
            BrokenOff, CannotConnect, Denied: nothing came in time, or the connection ended.
        """
        sock = self._connected()
        left = deadline.left
        silent = longest_silence is not None and longest_silence < left
        try:
            if left <= 0:
                raise socket.timeout
            sock.settimeout(longest_silence if silent else left)
            data = sock.recv(CHUNK)
        except socket.timeout as exc:
            if silent:
                raise CannotConnect(
                    f"{self.what} fell silent: not even its heart-beat came for {longest_silence:g} seconds; "
                    "look at its log, and restart it if it hangs"
                ) from exc
            raise self._error(exc, deadline) from exc
        except OSError as exc:
            raise self._error(exc, deadline) from exc
        if not data:
            raise self._broken()
        return data

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise AssertionError("the connection is not open")
        return self._socket

    def _reach(self, deadline: Deadline) -> socket.socket:
        try:
            return reach(self._host, self._port, lambda: deadline.left)
        except ResolverTimeout as exc:
            raise CannotConnect(
                f"the name of {self.what} was not resolved within {deadline.seconds:g} seconds; check server and DNS"
            ) from exc
        except socket.timeout as exc:
            raise self._error(exc, deadline) from exc
        except (OSError, UnicodeError) as exc:
            refused = isinstance(exc, ConnectionRefusedError)
            reason = "the connection was refused" if refused else shown(getattr(exc, "strerror", None) or exc)
            if isinstance(exc, (socket.gaierror, UnicodeError)):
                reason = "its name cannot be resolved"
            sentence = f"{self.what} cannot be reached: {reason}; check server, port and that the service runs"
            raise (BrokenOff if refused else CannotConnect)(sentence) from exc

    def _error(self, exc: OSError, deadline: Deadline) -> VirtmapError:
        if isinstance(exc, socket.timeout):
            seconds = deadline.seconds
            return CannotConnect(
                f"{self.what} did not answer in full within {seconds:g} second{'' if seconds == 1 else 's'}; "
                "check the server and the network, or raise timeout"
            )
        if isinstance(exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return self._broken()
        if isinstance(exc, ssl.SSLError):
            return tls_error(exc, self.what, self._host)
        if isinstance(exc, ConnectionError):
            return self._broken()
        return CannotConnect(f"the connection to {self.what} failed: {shown(exc.strerror or exc)}; check the network")

    def _broken(self) -> BrokenOff:
        return BrokenOff(
            f"{self.what} broke off the connection before its answer was complete; run the task again, and look at its log"
        )
