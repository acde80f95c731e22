# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Frames of STOMP, whole and in pieces of every size."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._transport import stomp
from ansible_collections.virtmap.core.plugins.module_utils._transport.stomp import FrameReader, frame

Read = tuple[str, dict[str, str], bytes]


class Over(Exception):
    """All bytes have been handed over."""


def read(data: bytes, size: int = 1000) -> list[Read]:
    """The frames in these bytes, which come in pieces of this size."""
    pieces = [data[begin : begin + size] for begin in range(0, len(data), size)]

    def receive() -> bytes:
        if not pieces:
            raise Over
        return pieces.pop(0)

    reader = FrameReader(receive, "VDSM at kvm1:54321")
    found: list[Read] = []
    try:
        while True:
            one = reader.next()
            found.append((one.command, one.headers, b"".join(one.body)))
    except Over:
        return found


def test_the_bytes_of_a_question() -> None:
    assert frame("SEND", {"destination": "a:b\\c\nd"}, b"{}\0") == (
        b"SEND\ndestination:a\\cb\\\\c\\nd\ncontent-length:3\n\n{}\0\0"
    )
    assert frame("CONNECT", {"heart-beat": "0,8000"}) == b"CONNECT\nheart-beat:0,8000\n\n\0"


STREAM = (
    b"\n\r\n\nCONNECTED\nversion:1.2\nserver:a:b\\x\n\n\0"
    b"\nMESSAGE\r\ndestination:q\r\na\\cb:x\\\\y\\nz\r\na\\cb:second\r\ncontent-length:5\r\n\r\n1\n\0\n2\0\n"
    b"MESSAGE\nx:\n\nno length\0\n\n\n"
    b"RECEIPT\ncontent-length:0\n\n\0"
)
FRAMES: list[Read] = [
    ("CONNECTED", {"version": "1.2", "server": "a:b\\x"}, b""),
    ("MESSAGE", {"destination": "q", "a:b": "x\\y\nz", "content-length": "5"}, b"1\n\0\n2"),
    ("MESSAGE", {"x": ""}, b"no length"),
    ("RECEIPT", {"content-length": "0"}, b""),
]


@pytest.mark.parametrize("size", range(1, len(STREAM) + 1, 3))
def test_frames_in_pieces_of_every_size(size: int) -> None:
    assert read(STREAM, size) == FRAMES


@pytest.mark.parametrize("end", [1, 20, 60, 100, len(STREAM) - 1])
def test_a_frame_that_is_cut_off_is_none(end: int) -> None:
    assert read(STREAM[:end], 7) == FRAMES[: len(read(STREAM[:end], 7))]
    assert len(read(STREAM[:end], 7)) < len(FRAMES)


def test_a_body_that_nobody_took_is_dropped() -> None:
    pieces = iter([STREAM])
    reader = FrameReader(lambda: next(pieces), "it")
    assert [reader.next().command for _number in FRAMES] == [command for command, _headers, _body in FRAMES]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"HTTP/1.1 200 OK\r\n", "it begins 'HTTP/1.1 200 OK"),
        (b"connected\n\n\0", "it begins 'connected"),
        (b"\x00", r"it begins '\\x00"),
        (b"A" * 21, "it begins"),
        (b"MESSAGE\nnothing\n\n\0", "header without a colon: nothing"),
        (b"MESSAGE\na:\\x\n\n\0", "unknown escape"),
        (b"MESSAGE\na:\\\n\n\0", "unknown escape"),
        (b"MESSAGE\na:\xff\n\n\0", "not UTF-8"),
        (b"MESSAGE\ncontent-length:ten\n\n\0", "content-length is ten"),
        (b"MESSAGE\ncontent-length:-1\n\n\0", "content-length is -1"),
        (b"MESSAGE\ncontent-length:\xd9\xa1\n\n\0", "content-length is"),
        (b"MESSAGE\ncontent-length:1\n\n12\0", "longer than its content-length of 1 byte"),
        (b"MESSAGE\ncontent-length:999999999999\n\n", "sends more than"),
        (b"MESSAGE\n" + b"a:b\n" * 20_000, "more than 65536 bytes"),
    ],
)
def test_what_is_no_frame(data: bytes, words: str) -> None:
    with pytest.raises(BadAnswer, match=words) as caught:
        read(data)
    assert caught.value.message.startswith("VDSM at kvm1:54321 ")


def test_a_body_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stomp, "LARGEST_BODY", 5000)
    served: list[int] = []

    def receive() -> bytes:
        served.append(1)
        return b"a" * 1000 if len(served) > 1 else b"MESSAGE\n\n"

    one: t.Any = FrameReader(receive, "it").next()
    with pytest.raises(BadAnswer, match="sends more than 5000 bytes"):
        b"".join(one.body)
    assert len(served) < 10
