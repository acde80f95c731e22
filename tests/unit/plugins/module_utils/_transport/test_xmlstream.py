# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""XML of an attacker: nothing is expanded, opened or fetched, and nothing takes more than its share of memory."""

from __future__ import annotations

import io
import tracemalloc
from collections import deque
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlstream import elements
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Response

ROOT = "{urn:x}all"
TAG = "{urn:x}item"


def texts(document: bytes | str, largest: int = 10**9) -> list[str | None]:
    data = document.encode() if isinstance(document, str) else document
    return [element.text for element in elements(io.BytesIO(data), (TAG,), "the server", "XML", ROOT, largest)]


def test_elements_come_in_order() -> None:
    items = "".join(f"<item>{number}</item>" for number in range(50_000))
    assert texts(f'<all xmlns="urn:x">{items}</all>') == [str(number) for number in range(50_000)]


@pytest.mark.parametrize("inside", ["a<!-- no -->b", "a<?no no?>b", "<![CDATA[a]]>b", "&#97;b"])
def test_text_is_whole_whatever_stands_in_it(inside: str) -> None:
    assert texts(f'<all xmlns="urn:x"><item>{inside}</item></all>') == ["ab"]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
LAUGHS_DTD = f'<!DOCTYPE all [<!ENTITY l0 "lol">{LAUGHS}]>'


@pytest.mark.parametrize(
    "document",
    [
        f'{LAUGHS_DTD}<all xmlns="urn:x"><item>&l11;</item></all>',
        f'{LAUGHS_DTD}<all xmlns="urn:x"><item name="&l11;">a</item></all>',
        f'{LAUGHS_DTD}<all xmlns="urn:x"><item>a</item></all>',
        f'{LAUGHS_DTD}<all xmlns="urn:x"/>',
        '<!DOCTYPE all><all xmlns="urn:x"><item>a</item></all>',
    ],
)
def test_a_document_type_is_refused(document: str) -> None:
    tracemalloc.start()
    with pytest.raises(BadAnswer):
        texts(document)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000


def test_a_file_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("top secret", encoding="utf-8")
    document = f'<!DOCTYPE all [<!ENTITY f SYSTEM "{secret.as_uri()}">]><all xmlns="urn:x"><item>&f;</item></all>'
    with pytest.raises(BadAnswer) as caught:
        texts(document)
    assert "top secret" not in caught.value.message


@pytest.mark.parametrize("declaration", ['<!ENTITY % p SYSTEM "{url}">%p;', '<!ENTITY f SYSTEM "{url}">'])
@pytest.mark.parametrize("external", ["", ' SYSTEM "{url}"'])
def test_nothing_is_fetched(declaration: str, external: str) -> None:
    with HttpServer(lambda _request: Response.text("<!ENTITY x 'y'>")) as server:
        dtd = f"<!DOCTYPE all{external} [{declaration}]>".replace("{url}", f"{server.url}/x.dtd")
        with pytest.raises(BadAnswer):
            texts(f'{dtd}<all xmlns="urn:x"><item>a</item></all>')
        assert server.log.connections == 0


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"   ",
        b"nonsense",
        b"<all",
        b"<all><item>",
        b"<all></wrong>",
        b"<all/>",
        b"<all/><all/>",
        b"<all>&unknown;</all>",
        b"<all>\xff\xfe</all>",
        b"<all>\x00</all>",
        b"\xef\xbb\xbf",
        b'<?xml version="1.0" encoding="no-such-thing"?><all/>',
        b"<a>" * 100_000,
        b"<all>" + b"x" * 20_000_000 + b"</all>",
    ],
    ids=range(15),
)
def test_what_is_no_xml_is_an_error(document: bytes) -> None:
    with pytest.raises(BadAnswer, match="not XML"):
        texts(document)


def test_an_answer_without_end_ends() -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"<item>a</item>" * 1000

    with pytest.raises(BadAnswer, match="more than 5000000 bytes"):
        deque(elements(_begun(Endless()), (TAG,), "the server", "XML", ROOT, 5_000_000), maxlen=0)


class _begun:
    def __init__(self, source: io.RawIOBase) -> None:
        self._source = source
        self._begin = b'<all xmlns="urn:x">'

    def read(self, size: int) -> bytes:
        begin, self._begin = self._begin, b""
        return begin or self._source.read(size) or b""


def test_memory_does_not_grow_with_the_document() -> None:
    import resource

    item = b"<item>" + b"<part>some text</part>" * 50 + b"</item>"

    class Long:
        def __init__(self, count: int) -> None:
            self.left = count

        def read(self, _size: int) -> bytes:
            self.left -= 1
            if self.left < 0:
                return b""
            return b"</all>" if self.left == 0 else item * 100

    def run(count: int) -> int:
        deque(elements(_begun(Long(count)), (TAG,), "the server", "XML", ROOT), maxlen=0)  # type: ignore[arg-type]
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = run(20)
    # 100 MB of XML, kept whole it would take several times that.
    assert run(900) - before < 40_000
