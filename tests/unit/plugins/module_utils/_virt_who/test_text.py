# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Values as virt-who reads them."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.text import boolean, interpolated, items, unquoted


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a,b", ["a", "b"]),
        ("a b , c", ["ab", "c"]),
        ('"a b",c', ["a b", "c"]),
        ("'a,b'", ["a,b"]),
        (r"h\\d+", [r"h\d+"]),
        (r"h\d+", ["hd+"]),
        ("a,,b,", ["a", "b"]),
        ("", []),
        ('""', []),
    ],
)
def test_lists(value: str, expected: list[str]) -> None:
    assert items(value) == expected


def test_a_quote_that_is_not_closed_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not closed"):
        items('"a,b')


@pytest.mark.parametrize(
    ("value", "expected"),
    [('"a"', "a"), ("'a'", "a"), ('"a"b"', '"a"b"'), ("\"a'", "\"a'"), ('"', '"'), ("a", "a"), ('""', "")],
)
def test_quotes(value: str, expected: str) -> None:
    assert unquoted(value) == expected


@pytest.mark.parametrize(
    ("value", "expected", "odd"),
    [
        ("ab%%cd", "ab%cd", False),
        ("%(type)s-1", "esx-1", False),
        ("%(TYPE)s", "esx", False),
        ("ab%cd", "ab%cd", True),
        ("%(nothing)s", "%(nothing)s", True),
        ("100%", "100%", True),
        ("%(loop)s", "%(loop)s", True),
    ],
)
def test_percent_signs(value: str, expected: str, odd: bool) -> None:
    assert interpolated(value, {"type": "esx", "loop": "%(loop)s"}) == (expected, odd)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Yes", True), ("on", True), ("1", True), ("FALSE", False), ("off", False), ("2", None), ("", None)],
)
def test_booleans(value: str, expected: bool | None) -> None:
    assert boolean(value) is expected
