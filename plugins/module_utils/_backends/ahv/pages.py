# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading a list in pages, as a whole, even while it changes. Private to this collection.

Prism's pages are cut out of the list as it is at that moment. When an entity is deleted between two pages, those behind
it move up, and the first of the next page would never be seen; the count may fit all the same. Hence each page begins
with the last entity of the page before. When it does not, what moved is looked for further ahead.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Partial

PASSES = 3
# So many entities of a page were on the page before.
_OVERLAP = 1
# So often a pass goes back to where it knows its way.
_STEPS_BACK = 5


class Row(t.Protocol):
    """An entity, reduced."""

    @property
    def key(self) -> t.Hashable:
        """What tells it from all others; None for one that is broken."""


R = t.TypeVar("R", bound=Row)


@dataclass
class Page(t.Generic[R]):
    """A part of a list, and how long the list is now."""

    rows: list[R]
    total: int


@dataclass
class Listing(t.Generic[R]):
    """A list that can be read in pages.

    Attributes:
        noun: what is listed, for sentences.
        fetch: gets a page by its place (from 0) and its length; it may be shorter than that.
        length: of a page.
        aligned: whether a page can begin only at a multiple of its length, because the API counts in pages.
    """

    noun: str
    fetch: t.Callable[[int, int], Page[R]]
    length: int
    aligned: bool = False

    def page_at(self, place: int) -> tuple[int, int]:
        """Place and length of a page that begins at this place or, where the API cannot do that, somewhat before."""
        if not self.aligned:
            return place, self.length
        # The length whose multiple reaches furthest: from 197, two pages of 98 lie before 196 to 293.
        length = max(range(self.length // 2 + 1, self.length + 1), key=lambda size: (place // size + 1) * size)
        return place // length * length, length


def read_whole(listing: Listing[R], what: str) -> list[R]:
    """All entities of a list, in its order.

    Args:
        what: the server with its address.

    Raises:
        Partial: also when read again, the list was not whole. A part is not passed off as the whole.
        VirtmapError: a page failed.
    """
    outcome = ""
    for _attempt in range(PASSES):
        reading = _Pass(listing)
        outcome = reading.run()
        if not outcome:
            return list(reading.rows.values())
    raise Partial(
        f"{what} did not give its list of {listing.noun} as a whole, read {PASSES} times: {outcome}; "
        "run the task again, and look at the server's log if that does not help"
    )


class _Pass(t.Generic[R]):
    """One reading from the beginning to the end."""

    def __init__(self, listing: Listing[R]) -> None:
        self.listing = listing
        self.rows: dict[t.Hashable, R] = {}
        self.totals: set[int] = set()

    def run(self) -> str:
        """Read; why the result is not whole, empty where it is."""
        end = steps_back = 0
        while True:
            place, length = self.listing.page_at(max(0, end - _OVERLAP))
            page = self.listing.fetch(place, length)
            self.totals.add(page.total)
            keyed = self._keyed(page.rows, place)
            if place and not any(key in self.rows for key in keyed):
                if steps_back == _STEPS_BACK:
                    return "it kept changing"
                steps_back += 1
                end = max(0, place - length)
                continue
            self.rows.update(keyed)
            reached = place + len(page.rows)
            if reached >= page.total:
                return self._judged(page.total)
            if reached <= end:
                return f"it announced {page.total}, but gave only {len(self.rows)}"
            end = reached

    def _keyed(self, rows: list[R], place: int) -> dict[t.Hashable, R]:
        # Broken ones are told apart by their place.
        return {("place", place + number) if row.key is None else row.key: row for number, row in enumerate(rows)}

    def _judged(self, total: int) -> str:
        # While the list changes, what was read may be right without being as many as at the end.
        if len(self.rows) == total or len(self.totals) > 1:
            return ""
        return f"it announced {total}, but gave {len(self.rows)} different ones"
