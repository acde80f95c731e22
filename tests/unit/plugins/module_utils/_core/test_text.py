# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown, whole_number
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web1", "web1"),
        ("wéb ünï 名前", "wéb ünï 名前"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31mred\x07\x00", r"\x1b[31mred\x07\x00"),
        ("\u202egpj.exe\u200b", r"\u202egpj.exe\u200b"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
        ("\x85\xa0", r"\x85\xa0"),
        ("{{ x }}", "{{ x }}"),
        (None, "None"),
        (7, "7"),
    ],
)
def test_shown(text: object, expected: str) -> None:
    assert shown(text) == expected


def test_it_is_cut() -> None:
    assert shown("a" * 200) == "a" * 200
    assert shown("a" * 201) == "a" * 197 + "..."
    assert shown("abcdef", 5) == "ab..."
    assert shown("\n" * 100, 10) == r"\n\n\n\..."


@given(st.text(), st.integers(4, 300))
def test_it_is_one_printable_line_of_that_length(text: str, longest: int) -> None:
    found = shown(text, longest)
    assert found.isprintable()
    assert len(found) <= longest


def test_megabytes_are_not_looked_at() -> None:
    class Long(str):
        __slots__ = ()

        def __iter__(self) -> None:  # type: ignore[override]
            raise AssertionError("the whole text was walked through")

    assert shown(Long("x" * 10_000_000)).endswith("...")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        (" 64\n", 64),
        ("-2147024891", -2147024891),
        ("9223372036854775807", 2**63 - 1),
        ("007", 7),
        ("9" * 20, None),
        ("9" * 100_000, None),
        ("1.5", None),
        ("+1", None),
        ("--1", None),
        ("1_0", None),
        ("\u00b2", None),
        ("\u0663", None),
        ("", None),
        (None, None),
    ],
)
def test_whole_number(text: str | None, number: int | None) -> None:
    assert whole_number(text) == number


def test_listed() -> None:
    assert listed([]) == ""
    assert listed(["a", "b\n"]) == r"a, b\n"
    assert listed(range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
