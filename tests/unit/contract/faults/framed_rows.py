# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The rows of the fault table for a service that speaks frames: JSON-RPC over STOMP."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.tests.servers.vdsm import faults

FIRST, DATA = "first", "data"


@dataclass(frozen=True)
class Framed:
    """A fault in place of an answer, each time; the fields are those of rows.Answered.

    Attributes:
        phases: what meets it, the first frame of a connection or the question for the guests.
    """

    name: str
    fault: faults.Fault
    error: type[VirtmapError]
    says: str
    slow: bool = False
    phases: tuple[str, ...] = (DATA,)


_BOTH = (FIRST, DATA)
_LATE = "did not answer in full within 1 second;"
_NOT_STOMP = "something that is not STOMP"
_NO_OBJECT = "an answer that is no JSON object"
FRAMED = (
    Framed("hangs", faults.hang(), CannotConnect, _LATE, slow=True, phases=_BOTH),
    Framed("drips", faults.drip(), CannotConnect, _LATE, slow=True, phases=_BOTH),
    Framed("breaks_off_before_answer", faults.disconnect(), CannotConnect, "broke off", phases=_BOTH),
    Framed("reset", faults.disconnect(reset=True), CannotConnect, "broke off", phases=_BOTH),
    Framed("cut_off", faults.cut_off(), CannotConnect, "broke off", phases=_BOTH),
    Framed("cut_off_before_the_last_byte", faults.cut_off(0.9999), CannotConnect, "broke off", phases=_BOTH),
    Framed("speaks_http", faults.raw(b"HTTP/1.1 400 Bad\r\n\r\n"), BadAnswer, f"{_NOT_STOMP} .*HTTP", phases=_BOTH),
    Framed("is_no_frame", faults.raw(bytes(range(256))), BadAnswer, _NOT_STOMP, phases=_BOTH),
    Framed("header_without_colon", faults.raw(b"MESSAGE\nabc\n\n\0"), BadAnswer, _NOT_STOMP, phases=_BOTH),
    Framed("headers_not_utf8", faults.raw(b"MESSAGE\nx:\xff\n\n\0"), BadAnswer, _NOT_STOMP, phases=_BOTH),
    Framed("unknown_escape", faults.raw(b"MESSAGE\nx:\\t\n\n\0"), BadAnswer, "unknown escape", phases=_BOTH),
    Framed("headers_without_end", faults.endless_head(), BadAnswer, "more than 65536 bytes", phases=_BOTH),
    Framed(
        "length_is_no_number",
        faults.raw(b"MESSAGE\ncontent-length:-1\n\n\0"),
        BadAnswer,
        "content-length",
        phases=_BOTH,
    ),
    Framed("other_kind_of_frame", faults.raw(b"RECEIPT\nreceipt-id:1\n\n\0"), BadAnswer, "RECEIPT", phases=_BOTH),
    Framed("other_version", faults.raw(b"CONNECTED\nversion:1.0\n\n\0"), BadAnswer, "STOMP 1.2", phases=(FIRST,)),
    Framed(
        "error_frame", faults.error_frame("No such \x1b thing"), BadAnswer, r"refused .*No such \\x1b", phases=_BOTH
    ),
    Framed("never_answers", faults.never(), CannotConnect, _LATE, slow=True, phases=_BOTH),
    Framed("answers_somebody_else", faults.wrong_id(), CannotConnect, _LATE, slow=True),
    Framed("huge_frame", faults.too_long(), BadAnswer, "more than [0-9]+ bytes"),
    Framed("value_without_end", faults.endless_body(), BadAnswer, "has more than [0-9]+ characters"),
    Framed("body_longer_than_announced", faults.wrong_length(), BadAnswer, ""),
    Framed("web_page", faults.body(b"<!DOCTYPE html><html></html>"), BadAnswer, _NO_OBJECT),
    Framed("broken_json", faults.body(b'{"id": "r1", "result": [{"vmId": '), BadAnswer, _NO_OBJECT),
    Framed("two_documents", faults.body(b'{"id": "r1"} {}'), BadAnswer, _NO_OBJECT),
    Framed("broken_utf8", faults.body(b'{"id": "\xff\xfe"}'), BadAnswer, f"{_NO_OBJECT}: it is not UTF-8"),
    Framed("deep_nesting", faults.body(b'{"a": ' + b"[" * 200_000), BadAnswer, _NO_OBJECT),
    Framed("huge_number", faults.body(b'{"a": ' + b"9" * 200_000 + b"}"), BadAnswer, _NO_OBJECT),
    Framed("empty_body", faults.body(b""), BadAnswer, _NO_OBJECT),
    Framed("json_null", faults.body(b"null"), BadAnswer, _NO_OBJECT),
    Framed("json_list", faults.body(b"[]"), BadAnswer, _NO_OBJECT),
    Framed("json_object", faults.body(b"{}"), BadAnswer, "neither result nor error"),
    Framed("json_text", faults.body(b'"yes"'), BadAnswer, _NO_OBJECT),
    Framed("json_number", faults.body(b"42"), BadAnswer, _NO_OBJECT),
    Framed("error_without_code", faults.body(b'{"id": "r1", "error": "no"}'), BadAnswer, "without a code"),
    Framed("error_without_id", faults.body(b'{"id": null, "error": {"code": -32700}}'), BadAnswer, "could not read"),
    Framed("result_null", faults.answer(None), BadAnswer, "without the list"),
    Framed("result_object", faults.answer({"vmList": []}), BadAnswer, "without the list"),
    Framed("result_text", faults.answer("Done"), BadAnswer, "without the list"),
    Framed("no_such_method", faults.rpc_error(-32601, "no such method"), NotFound, "does not know .*no such method"),
    Framed("internal_error", faults.rpc_error(-32603, "it broke"), BadAnswer, r"failed at .*it broke \(-32603\)"),
    Framed("recovering", faults.rpc_error(99, "Recovering"), CannotConnect, "still recovering", slow=True),
)
