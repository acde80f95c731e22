# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading a list that changes while it is read."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.pages import PASSES, Listing, Page, read_whole
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Partial
from hypothesis import given, settings
from hypothesis import strategies as st


class Row(t.NamedTuple):
    key: int | None


class Changing:
    """A list that is changed after each page: something goes, or comes, somewhere."""

    def __init__(self, size: int, changes: list[list[tuple[bool, int]]]) -> None:
        self.keys = list(range(size))
        self.stayed = set(self.keys)
        self.changes = changes
        self.fetched = self.made = 0

    def fetch(self, place: int, length: int) -> Page[Row]:
        page = Page([Row(key) for key in self.keys[place : place + length]], len(self.keys))
        self.fetched += 1
        for comes, where in self.changes.pop(0) if self.changes else ():
            if comes:
                self.made += 1
                self.keys.insert(where % (len(self.keys) + 1), 10_000 + self.made)
            elif self.keys:
                self.stayed.discard(self.keys.pop(where % len(self.keys)))
        return page


@settings(max_examples=400, deadline=None)
@given(
    st.integers(0, 60),
    st.lists(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), max_size=6), max_size=20),
    st.integers(10, 14),
    st.booleans(),
)
def test_what_was_there_all_the_time_is_never_lost(
    size: int, changes: list[list[tuple[bool, int]]], length: int, aligned: bool
) -> None:
    source = Changing(size, changes)
    try:
        rows = read_whole(Listing("guests", source.fetch, length, aligned), "it")
    except Partial:
        return  # never passed off as whole
    found = [row.key for row in rows]
    assert source.stayed <= set(found)
    assert len(found) == len(set(found))


@given(st.integers(0, 3000), st.booleans())
def test_a_list_at_rest_is_read_once(size: int, aligned: bool) -> None:
    source = Changing(size, [])
    rows = read_whole(Listing("guests", source.fetch, 100, aligned), "it")
    assert [row.key for row in rows] == list(range(size))
    # One entity of each page was on the page before; where pages are counted some more.
    assert source.fetched <= 1 + size / (80 if aligned else 99)


def test_deletions_between_two_pages_hide_nothing() -> None:
    source = Changing(25, [[(False, 3), (False, 3), (False, 3), (True, 22)]])
    found = [row.key for row in read_whole(Listing("guests", source.fetch, 10), "it")]
    assert source.stayed <= set(found)


@pytest.mark.parametrize(
    ("fetch", "says"),
    [
        (lambda place, length: Page([Row(key) for key in range(10)], 30), "announced 30, but gave 10 different ones"),
        (
            lambda place, length: Page([Row(key) for key in range(20)[place:][:10]], 30),
            "announced 30, but gave only 20",
        ),
        (lambda place, length: Page([], 5), "announced 5, but gave only 0"),
        (lambda place, length: Page([Row(1000 * place + key) for key in range(10)], 90), "it kept changing"),
    ],
    ids=["always the first page", "fewer than announced", "none", "always others"],
)
def test_a_list_that_does_not_fit_is_refused(fetch: t.Callable[[int, int], Page[Row]], says: str) -> None:
    fetched = []

    def counted(place: int, length: int) -> Page[Row]:
        fetched.append(place)
        return fetch(place, length)

    with pytest.raises(Partial, match=f"it did not give its list of guests as a whole, read {PASSES} times: .*{says}"):
        read_whole(Listing("guests", counted, 10), "it")
    assert len(fetched) < 60


def test_entities_without_a_key_are_all_kept() -> None:
    rows = [Row(None), Row(1), Row(None), Row(2)] * 1 + [Row(None)]
    found = read_whole(Listing("guests", lambda place, length: Page(rows[place : place + length], 5), 2), "it")
    assert found == rows
