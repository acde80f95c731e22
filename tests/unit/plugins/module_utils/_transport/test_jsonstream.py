# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A large JSON object, read in pieces of every size."""

from __future__ import annotations

import io
import json
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._transport import jsonstream
from hypothesis import given, settings
from hypothesis import strategies as st

TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


class Pieces:
    """Gives so many bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._stream, self._size = io.BytesIO(data), size

    def read(self, size: int) -> bytes:
        return self._stream.read(min(size, self._size))


def read(data: bytes, size: int = 7) -> tuple[dict[str, t.Any], bool, dict[str, t.Any]]:
    found: dict[str, t.Any] = {}
    others, streamed = jsonstream.members(Pieces(data, size), "result", found.__setitem__, "the server", "JSON-RPC")
    return others, streamed, found


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.dictionaries(TEXTS, VALUES, max_size=4), st.integers(1, 9),
       st.sampled_from([None, 1]), st.booleans())  # fmt: skip
def test_it_reads_what_json_reads(
    result: dict[str, t.Any], others: dict[str, t.Any], size: int, indent: int | None, ascii_only: bool
) -> None:
    others.pop("result", None)
    text = json.dumps({**others, "result": result}, indent=indent, ensure_ascii=ascii_only)
    assert read(text.encode("utf-8"), size) == (others, True, result)


def test_the_large_member_may_stand_anywhere_and_be_something_else() -> None:
    assert read(b'{"result": {"a": 1}, "id": 12}') == ({"id": "12"}, True, {"a": "1"})
    assert read(b'{"id": 1, "result": [1]}') == ({"id": "1", "result": ["1"]}, False, {})
    assert read(b'{"result": null}') == ({"result": None}, False, {})
    assert read(b" { } ") == ({}, False, {})


def test_numbers_are_texts_and_never_cut() -> None:
    for size in range(1, 12):
        assert read(b'{"result": {"a": 1234567, "b": -1.5e3}, "id":  9007199254740993 }', size) == (
            {"id": "9007199254740993"},
            True,
            {"a": "1234567", "b": "-1.5e3"},
        )
    digits = b"9" * 1_000_000
    assert read(b'{"id": ' + digits + b"}", 65536)[0] == {"id": digits.decode()}


@pytest.mark.parametrize("size", range(1, 8))
def test_a_number_is_whole_wherever_it_is_cut(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonstream, "CHUNK", size)
    found = read(b'{"result": {"a": 1e5, "b": -2.5E+3}, "id": 1e-7}', size)
    assert found == ({"id": "1e-7"}, True, {"a": "1e5", "b": "-2.5E+3"})


def test_control_characters_of_old_servers() -> None:
    assert read(b'{"result": {"name": "two\nlines\x1b"}}')[2] == {"name": "two\nlines\x1b"}


@pytest.mark.parametrize(
    "text",
    [
        b"", b"  ", b"[]", b"null", b'"x"', b"{", b'{"a"', b'{"a":', b'{"a": 1', b'{"a": 1,', b'{"a": 1,}', b'{"a" 1}',
        b'{"result": {"a": 1}', b'{"result": {"a": 1', b'{"result": {"a"}}', b'{"result": {1: 2}}', b'{"a": 1} {', b'{"a": NaN}',
        b'{"a": Infinity}', b'{"a": tru}', b'{"a": "\xff"}', b'{"a": 1 "b": 2}', b"<html>", b'{"a": "x', b'{"a": "\xc3',
    ],
)  # fmt: skip
def test_what_is_no_json(text: bytes) -> None:
    for size in (1, 4096):
        with pytest.raises(BadAnswer, match="^the server answered something that is not JSON-RPC .*check that server"):
            read(text, size)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": ' + b"[" * 200_000,
        b'{"result": {"a": "' + b"x" * 3_000_000,
        b" " * 3_000_000,
        b'{"a": 1' + b" " * 3_000_000,
    ],
    ids=["deep", "long", "blank", "blank inside"],
)
def test_what_does_not_end(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonstream, "LARGEST_MEMBER", 1_000_000)
    with pytest.raises(BadAnswer):
        read(text, 65536)


def test_a_long_value_is_not_begun_anew_for_each_piece() -> None:
    value = "x" * 5_000_000
    pieces = Pieces(json.dumps({"result": {"a": value}}).encode(), 1024)
    found: dict[str, t.Any] = {}
    jsonstream.members(pieces, "result", found.__setitem__, "the server", "JSON-RPC")
    assert found == {"a": value}
