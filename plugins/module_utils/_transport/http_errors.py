# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What went wrong in an HTTP exchange, as one plain sentence and the right kind of error. Private to this
collection."""

from __future__ import annotations

import email.utils
import json
import ssl
import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server

try:
    from urllib3 import exceptions
except ImportError:
    # Reported by _transport.http, which every caller of this file goes through first.
    exceptions = None  # type: ignore[assignment]

if t.TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

# How much of an unexpected body is worth reading for its message.
MESSAGE_BYTES = 64 * 1024
# Where servers that we talk to put the sentence for people in a JSON error body.
MESSAGE_KEYS = ("displayMessage", "message", "error_description", "detail", "reason", "error", "errors")


def may_repeat(exc: exceptions.HTTPError, repeatable: bool) -> bool:
    """Whether a request that ended with this error may be sent again."""
    cause = _root(exc)
    if isinstance(cause, exceptions.NewConnectionError):
        return True  # it never left
    # A time-out is not repeated: the deadline of the task would be spent on a server that does not answer.
    return repeatable and isinstance(cause, exceptions.ProtocolError)


def from_exception(exc: exceptions.HTTPError, what: str, server: Server, seconds: float) -> VirtmapError:
    """The error for an exchange that got no answer, or not a whole one."""
    cause = _root(exc)
    what = shown(what)
    if isinstance(exc, exceptions.ProxyError) or isinstance(cause, exceptions.ProxyError):
        return CannotConnect(
            f"{what} cannot be reached through the proxy: {_proxy_reason(exc)}; check the option proxy"
        )
    if isinstance(cause, exceptions.SSLError):
        return _tls_error(cause, what, server)
    if isinstance(cause, exceptions.NewConnectionError):
        return CannotConnect(
            f"{what} cannot be reached: {_connection_reason(cause)}; check server, port and that the service runs"
        )
    if isinstance(cause, exceptions.TimeoutError):
        return CannotConnect(
            f"{what} did not answer in full within {seconds:g} seconds; "
            "check the server and the network, or raise timeout"
        )
    return CannotConnect(f"{what} broke off the connection ({_short(cause)}); try again, and look at the server's log")


def from_response(
    response: BaseHTTPResponse, what: str, method: str, path: str, retry_in: float | None
) -> VirtmapError:
    """The error for an answer whose status was not expected."""
    status, what = response.status, shown(what)
    try:
        body = response.read(MESSAGE_BYTES)
    except exceptions.HTTPError:
        body = b""  # the status says enough; a body that broke off adds nothing
    said = server_message(body)
    says = f": {said}" if said else ""
    request = f"{method} {shown(path)}"
    if status == 401:
        return Denied(
            f"{what} refused the credentials (401{says}); check the user name and password, token or certificate"
        )
    if status == 403:
        return Denied(f"{what} does not allow {request} (403{says}); give the account the right to it")
    if status in (404, 410):
        return NotFound(f"{what} does not know {request} ({status}{says}); check server, port and path")
    if status == 407:
        return CannotConnect(f"the proxy in front of {what} asks for credentials (407); put them into the option proxy")
    if 300 <= status < 400:
        target = shown(response.headers.get("Location", "an unnamed place"))
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
    except ValueError:
        text = body.decode("utf-8", "replace").strip()
        return "" if not text or text.startswith("<") or len(text) > 300 else shown(text)
    for key in MESSAGE_KEYS:
        value = data.get(key) if isinstance(data, dict) else None
        if isinstance(value, dict):
            value = value.get("message")
        if isinstance(value, list):
            value = " ".join(str(item) for item in value)
        if isinstance(value, str) and value.strip():
            return shown(value.strip())
    return ""


def retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, given as a number or as a date; None when it says nothing usable."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - time.time())


def begin_of(body: bytes) -> str:
    """The beginning of a body that could not be understood, for an error sentence."""
    if not body.strip():
        return "it is empty"
    return "it begins " + repr(shown(body[:200].decode("utf-8", "replace").strip(), 60))


def _root(exc: BaseException) -> BaseException:
    """The error that urllib3 wrapped."""
    while isinstance(exc, exceptions.MaxRetryError) and exc.reason is not None:
        exc = exc.reason
    original = getattr(exc, "original_error", None)
    return original if isinstance(original, exceptions.HTTPError) else exc


def _tls_error(exc: BaseException, what: str, server: Server) -> VirtmapError:
    reason = next((arg for arg in exc.args if isinstance(arg, ssl.SSLCertVerificationError)), None)
    if reason is not None or "CERTIFICATE_VERIFY_FAILED" in str(exc):
        why = reason.verify_message if reason is not None else "verification failed"
        if "mismatch" in why or "not valid for" in why:
            return CannotConnect(
                f"the certificate of {what} is not valid for {shown(server.host)} ({shown(why)}); "
                "use the name that the certificate holds as server"
            )
        return CannotConnect(
            f"the certificate of {what} is not trusted ({shown(why)}); give the CA that signed it as ca_path"
        )
    return CannotConnect(
        f"the TLS connection to {what} failed ({_short(exc)}); check port, client certificate and TLS versions"
    )


def _connection_reason(exc: BaseException) -> str:
    text = str(exc)
    if "refused" in text:
        return "the connection was refused"
    if "resolve" in text.lower() or "Name or service" in text or "getaddrinfo" in text:
        return "its name cannot be resolved"
    return _short(exc)


def _proxy_reason(exc: BaseException) -> str:
    original = getattr(_root(exc), "original_error", None) or getattr(exc, "original_error", None)
    text = str(original or exc)
    if "407" in text:
        return "the proxy asks for credentials (407)"
    return _connection_reason(original or exc)


def _short(exc: BaseException) -> str:
    """The innermost words of an exception, without addresses of objects and without the layers around them."""
    inner = next((arg for arg in exc.args if isinstance(arg, Exception)), None)
    if inner is not None:
        return _short(inner)
    text = str(exc.args[0]) if exc.args and isinstance(exc.args[0], str) else str(exc)
    return shown(text.rpartition(">: ")[2] or type(exc).__name__)
