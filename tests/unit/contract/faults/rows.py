# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The rows of the fault table: what can go wrong with an HTTP service, and what the user is to be told."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Response, faults
from ansible_collections.virtmap.core.tests.servers._http.dead import refused_address, silent_address, speaking_address
from ansible_collections.virtmap.core.tests.servers._http.plan import Fault
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority

Options = dict[str, t.Any]


@dataclass(frozen=True)
class Answered:
    """A fault in place of an answer. It is met by every request (from the first one, or from the first for data).

    Attributes:
        name: what the table calls it; names with an underscore, so that backends can refer to it.
        error: what is raised.
        says: words of the sentence, a regular expression.
        slow: whether it takes the timeout, which the suite then sets to one second.
    """

    name: str
    fault: Fault
    error: type[VirtmapError]
    says: str
    slow: bool = False


@dataclass(frozen=True)
class Elsewhere:
    """An address where no good service is; ``at`` gives host, port and further options."""

    name: str
    at: t.Callable[[Path], contextlib.AbstractContextManager[tuple[str, int, Options]]]
    error: type[VirtmapError]
    says: str
    slow: bool = False


@contextlib.contextmanager
def _refused(_folder: Path) -> t.Iterator[tuple[str, int, Options]]:
    with refused_address() as (host, port):
        yield host, port, {}


@contextlib.contextmanager
def _silent(_folder: Path) -> t.Iterator[tuple[str, int, Options]]:
    with silent_address() as (host, port):
        yield host, port, {}


@contextlib.contextmanager
def _no_tls(_folder: Path) -> t.Iterator[tuple[str, int, Options]]:
    with speaking_address() as (host, port):
        yield host, port, {}


def _with_certificate(
    **certificate: t.Any,
) -> t.Callable[[Path], contextlib.AbstractContextManager[tuple[str, int, Options]]]:
    @contextlib.contextmanager
    def at(folder: Path) -> t.Iterator[tuple[str, int, Options]]:
        authority = CertificateAuthority(folder / "bad-ca")
        context = authority.server_context(authority.issue_server(**certificate))
        with HttpServer(lambda _request: Response.json({}), tls=context) as server:
            yield server.host, server.port, {"ca_path": str(authority.path)}
            assert server.log.find() == [], "nothing may be sent to a server that is not trusted"

    return at


@contextlib.contextmanager
def _untrusted(folder: Path) -> t.Iterator[tuple[str, int, Options]]:
    trusted = CertificateAuthority(folder / "good-ca", "The trusted CA")
    with contextlib.ExitStack() as stack:
        host, port, _options = stack.enter_context(_with_certificate()(folder))
        yield host, port, {"ca_path": str(trusted.path)}


ELSEWHERE = (
    Elsewhere("refused", _refused, CannotConnect, "cannot be reached: the connection was refused"),
    Elsewhere("silent", _silent, CannotConnect, "did not answer in full within 1 second;", slow=True),
    Elsewhere("speaks_no_tls", _no_tls, CannotConnect, "TLS connection .* failed"),
    Elsewhere("certificate_not_trusted", _untrusted, CannotConnect, "certificate .* is not trusted .*ca_path"),
    Elsewhere("certificate_expired", _with_certificate(expired=True), CannotConnect, "certificate .*expired"),
    Elsewhere(
        "certificate_for_another_name",
        _with_certificate(names=["other.example.com"]),
        CannotConnect,
        "certificate .* is not valid for 127.0.0.1",
    ),
)
_OVERLOADED = "overloaded or out of service"
ANSWERED = (
    Answered("hangs", faults.hang(), CannotConnect, "did not answer in full within 1 second;", slow=True),
    Answered(
        "drips_headers", faults.drip_headers(), CannotConnect, "did not answer in full within 1 second", slow=True
    ),
    Answered("drips_body", faults.drip_body(), CannotConnect, "did not answer in full within 1 second;", slow=True),
    Answered("breaks_off_before_answer", faults.disconnect(), CannotConnect, "broke off"),
    Answered("reset", faults.disconnect(reset=True), CannotConnect, "broke off"),
    Answered("cut_off", faults.cut_off(0.5), CannotConnect, "broke off"),
    Answered("cut_off_chunked", faults.cut_off(0.5, chunked=True), CannotConnect, "broke off"),
    Answered("is_no_http", faults.raw(b"220 mail.example.com ESMTP\r\n"), BadAnswer, "is not HTTP"),
    Answered("401", faults.status(401, {"message": "bad login"}), Denied, "refused the credentials .*bad login"),
    Answered("403", faults.status(403, {"message": "no right"}), Denied, "does not allow .*no right"),
    Answered("404", faults.status(404, "<html>not here</html>"), NotFound, r"\(404\); check server, port and path"),
    Answered("410", faults.status(410), NotFound, r"\(410\)"),
    Answered("429", faults.throttled(7200), CannotConnect, f"{_OVERLOADED} .*asks to wait 7200 seconds"),
    Answered("429_without_time", faults.throttled(), CannotConnect, f"{_OVERLOADED} .*come back later"),
    Answered("500", faults.status(500, {"message": "it broke"}), BadAnswer, "status 500: it broke"),
    Answered("502", faults.status(502, "<html>Bad gateway</html>"), BadAnswer, "status 502"),
    Answered("503", faults.throttled(None, 503), CannotConnect, _OVERLOADED),
    Answered("redirect", faults.redirect("https://other.example.com/"), BadAnswer, "redirects .*other.example.com"),
    Answered("web_page", faults.nonsense("html"), BadAnswer, ""),
    Answered("binary", faults.nonsense("binary"), BadAnswer, ""),
    Answered("broken_json", faults.nonsense("bad_json"), BadAnswer, ""),
    Answered("broken_utf8", faults.nonsense("bad_utf8"), BadAnswer, ""),
    Answered("broken_xml", faults.nonsense("bad_xml"), BadAnswer, ""),
    Answered("empty_body", faults.nonsense("empty"), BadAnswer, ""),
    Answered("json_null", faults.nonsense("null"), BadAnswer, ""),
    Answered("json_list", faults.nonsense("list"), BadAnswer, ""),
    Answered("json_object", faults.nonsense("object"), BadAnswer, ""),
    Answered("json_text", faults.nonsense("string"), BadAnswer, ""),
    Answered("json_number", faults.nonsense("number"), BadAnswer, ""),
)
