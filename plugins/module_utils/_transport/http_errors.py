# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What went wrong in an HTTP exchange, as one plain sentence and the right kind of error. Private to this
collection."""

from __future__ import annotations

import email.utils
import http.client
import json
import math
import socket
import ssl
import time
import typing as t
from datetime import timezone

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server
from ansible_collections.virtmap.core.plugins.module_utils._transport.tls_errors import tls_error

try:
    from urllib3 import exceptions
except ImportError:
    # Reported by _transport.http, which every caller of this file goes through first.
    exceptions = None  # type: ignore[assignment]

# How much of an unexpected body is worth reading for its message.
MESSAGE_BYTES = 64 * 1024
# Where servers that we talk to put the sentence for people in a JSON error body.
MESSAGE_KEYS = (
    "displayMessage", "message", "error_description", "detail", "reason", "error", "errors", "message_list", "data",
)  # fmt: skip


def may_repeat(exc: exceptions.HTTPError, repeatable: bool) -> bool:
    """Whether a request that ended with this error may be sent again."""
    cause = _root(exc)
    inner = _innermost(cause)
    if isinstance(cause, exceptions.NewConnectionError):
        return True  # it never left
    if isinstance(cause, exceptions.ProxyError):
        return repeatable and isinstance(inner, ConnectionError)
    if isinstance(cause, exceptions.SSLError):
        return repeatable and isinstance(inner, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    # A time-out is not repeated: the deadline of the task would be spent on a server that does not answer.
    return repeatable and isinstance(cause, exceptions.ProtocolError) and not (_timed_out(cause) or _no_http(cause))


def timed_out(error: VirtmapError) -> bool:
    """Whether this error of an exchange means that the server did not answer in time."""
    cause = error.__cause__
    return isinstance(cause, exceptions.HTTPError) and _timed_out(cause)


def from_exception(exc: exceptions.HTTPError, what: str, server: Server, seconds: float) -> VirtmapError:
    """The error for an exchange that got no answer, or not a whole one."""
    cause = _root(exc)
    what = shown(what)
    if _timed_out(exc):
        through = " through the proxy" if isinstance(exc, exceptions.ProxyError) else ""
        return CannotConnect(
            f"{what} did not answer in full{through} within {seconds:g} second{'' if seconds == 1 else 's'}; "
            "check the server and the network, or raise timeout"
        )
    if isinstance(exc, exceptions.ProxyError):
        return CannotConnect(f"{what} cannot be reached through the proxy: {_proxy_reason(exc)}; check the proxy")
    if isinstance(cause, exceptions.SSLError):
        return tls_error(_innermost(cause), what, server.host)
    if isinstance(cause, exceptions.NewConnectionError):
        return CannotConnect(
            f"{what} cannot be reached: {_connection_reason(cause)}; check server, port and that the service runs"
        )
    if isinstance(cause, exceptions.LocationValueError):
        return InvalidInput(f"{what} cannot be contacted, because its name is not a valid one; check server")
    if _no_http(cause):
        return BadAnswer(
            f"{what} answered something that is not HTTP ({_short(cause)}); "
            "check that server and port name the right service"
        )
    inner = _innermost(cause)
    if isinstance(inner, http.client.IncompleteRead):
        return CannotConnect(f"{what} broke off in the middle of its answer; try again, and look at the server's log")
    return CannotConnect(f"{what} broke off the connection ({_short(cause)}); try again, and look at the server's log")


def from_response(
    status: int, headers: t.Mapping[str, str], body: bytes, what: str, request: str, retry_in: float | None
) -> VirtmapError:
    """The error for an answer whose status was not expected.

    Args:
        headers: names in lower case.
        body: its beginning.
        request: method and path.
    """
    what, request = shown(what), shown(request)
    said = server_message(body)
    says = f": {said}" if said else ""
    if status == 401:
        return Denied(
            f"{what} refused the credentials (401{says}); check the user name and password, token or certificate"
        )
    if status == 403:
        return Denied(f"{what} does not allow {request} (403{says}); give the account the right to it")
    if status in (404, 410):
        return NotFound(f"{what} does not know {request} ({status}{says}); check server, port and path")
    if status == 407:
        return CannotConnect(f"the proxy in front of {what} asks for credentials (407); give them with the proxy")
    if 300 <= status < 400:
        target = shown(headers.get("location", "an unnamed place"))
        return BadAnswer(f"{what} redirects {request} to {target}; give that address as server if it is the right one")
    if status in (429, 503):
        wait = f"asks to wait {retry_in:g} seconds" if retry_in is not None else "asks to come back later"
        return CannotConnect(
            f"{what} is overloaded or out of service ({status}{says}) and {wait}; run the task again then"
        )
    return BadAnswer(f"{what} failed at {request} with status {status}{says}; look at the server's log")


def server_message(body: bytes) -> str:
    """The sentence for people in an error body; empty when there is none that can be told from a web page."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace").strip()
        return "" if not text or text.startswith("<") or len(text) > 300 else shown(text)
    for key in MESSAGE_KEYS:
        value = data.get(key) if isinstance(data, dict) else None
        if isinstance(value, dict):
            value = value.get("message", value.get("error"))
        if isinstance(value, list):
            value = " ".join(str(item.get("message", item) if isinstance(item, dict) else item) for item in value)
        if isinstance(value, str) and value.strip():
            return shown(value.strip())
    return ""


def retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, given as a number or as a date; None when it says nothing usable."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        seconds = float(text)
        return seconds if math.isfinite(seconds) else None
    try:
        moment = email.utils.parsedate_to_datetime(text)
        # A date without a zone is UTC, as every date of HTTP is.
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() - time.time()
    except (IndexError, OverflowError, TypeError, ValueError):
        return None
    return max(0.0, seconds)


def begin_of(body: bytes) -> str:
    """The beginning of a body that could not be understood, for an error sentence."""
    if not body.strip():
        return "it is empty"
    return f"it begins '{shown(body[:200].decode('utf-8', 'replace').strip(), 60)}'"


def _root(exc: BaseException) -> BaseException:
    """The error that urllib3 wrapped."""
    original = getattr(exc, "original_error", None)
    return original if isinstance(original, exceptions.HTTPError) else exc


def _innermost(exc: BaseException) -> BaseException:
    """The error of Python's own libraries that urllib3's errors were made of."""
    inner = next((arg for arg in exc.args if isinstance(arg, BaseException)), None)
    return exc if inner is None else _innermost(inner)


def _timed_out(exc: BaseException) -> bool:
    cause = _root(exc)
    if isinstance(cause, exceptions.TimeoutError):
        return not isinstance(cause, exceptions.NewConnectionError)
    return isinstance(_innermost(cause), socket.timeout)


def _no_http(exc: BaseException) -> bool:
    """Whether the answer was something else than HTTP; a connection closed before an answer is not meant."""
    inner = _innermost(exc)
    if isinstance(inner, (http.client.RemoteDisconnected, http.client.IncompleteRead)):
        return False
    return isinstance(inner, http.client.HTTPException)


def _connection_reason(exc: BaseException) -> str:
    cause = exc.__cause__
    if isinstance(cause, (socket.gaierror, UnicodeError)):
        return "its name cannot be resolved"
    if isinstance(cause, ConnectionRefusedError):
        return "the connection was refused"
    return _short(cause or exc)


def _proxy_reason(exc: exceptions.ProxyError) -> str:
    original = exc.original_error
    if isinstance(original, exceptions.NewConnectionError):
        return _connection_reason(original)
    if "407" in str(original):
        return "it asks for credentials (407)"
    return _short(original)


def _short(exc: BaseException) -> str:
    """The words of the innermost error, without its numbers and without the layers around it."""
    inner = _innermost(exc)
    text = inner.strerror if isinstance(inner, OSError) and inner.strerror else str(inner)
    return shown(text.strip() or type(inner).__name__)
