# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading what servers say about an error."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_errors import (
    begin_of,
    retry_after,
    server_message,
)
from hypothesis import given
from hypothesis import strategies as st

MESSAGES = [
    (b"", ""),
    (b"  \n", ""),
    (b'{"displayMessage": "Bad owner", "requestUuid": "x"}', "Bad owner"),
    (b'{"message": " no right "}', "no right"),
    (b'{"message": "", "detail": "the reason"}', "the reason"),
    (b'{"error": "invalid_grant", "error_description": "wrong password"}', "wrong password"),
    (b'{"error": {"code": 7, "message": "inner"}}', "inner"),
    (b'{"errors": ["one", "two"]}', "one two"),
    (b'{"errors": [{"a": 1}, 5]}', "{'a': 1} 5"),
    (b'{"error": {"code": 7}}', ""),
    (b'{"state": "ERROR", "message_list": [{"reason": "R", "message": "one"}, {"message": "two"}]}', "one two"),
    (b'{"data": {"error": [{"message": "deep", "code": "VMM-1"}]}}', "deep"),
    (b'{"data": {"error": 7}}', ""),
    (b'{"message": 7}', ""),
    (b"[1, 2]", ""),
    (b"null", ""),
    (b"just words", "just words"),
    (b"two\nlines", r"two\nlines"),
    (b"<html><body>Not Found</body></html>", ""),
    (b"  <?xml version='1.0'?><x/>", ""),
    (b"x" * 301, ""),
    (b"\xff\xfe", "\ufffd\ufffd"),
    (b"[" * 100_000, ""),
]


@pytest.mark.parametrize(("body", "expected"), MESSAGES, ids=range(len(MESSAGES)))
def test_the_sentence_for_people(body: bytes, expected: str) -> None:
    assert server_message(body) == expected


@given(st.binary(max_size=200))
def test_any_body_gives_one_short_line_or_nothing(body: bytes) -> None:
    for text in (server_message(body), begin_of(body)):
        assert text == "" or text.isprintable()
        assert len(text) <= 300


@given(st.text(max_size=40))
def test_any_retry_after_is_a_time_or_nothing(value: str) -> None:
    seconds = retry_after(value)
    assert seconds is None or 0 <= seconds < float("inf")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("5", 5.0),
        ("Sun Nov  6 08:49:37 1994", 0.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 1994 08:49:37 -0000", 0.0),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("1.5", None),
    ],
)
def test_retry_after(value: str | None, expected: float | None) -> None:
    assert retry_after(value) == expected


def test_the_beginning_of_a_body() -> None:
    assert begin_of(b" \n") == "it is empty"
    assert begin_of(b"<html>\n") == "it begins '<html>'"
    assert len(begin_of(b"\x00" * 1000)) < 80
