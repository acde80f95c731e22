# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Which part of a list is wanted: ``search``, ``max``, and the order."""

from __future__ import annotations

import re
import typing as t

from .._http import Request

T = t.TypeVar("T")
_SEARCH = re.compile(r"(?:sortby\s+name(?:\s+(?P<order>asc|desc))?)?\s*(?:page\s+(?P<page>\d+))?", re.IGNORECASE)
#: What the engine limits a search to that does not say how much it wants.
SEARCH_RESULTS_LIMIT = 100


class BadQuery(Exception):
    """The query is not understood."""


def select(request: Request, entries: t.Sequence[T]) -> t.Sequence[T]:
    """The entries that a request asks for; their attribute ``name`` is what they can be sorted by.

    Raises:
        BadQuery: a number is none, or the search is not understood.
    """
    search, limit = request.argument("search"), request.argument("max")
    try:
        size = None if limit is None else int(limit)
    except ValueError as error:
        raise BadQuery(f"Can't convert value '{limit}' of parameter 'max' to an integer") from error
    if search is None:
        return entries if size is None else entries[:size]
    match = _SEARCH.fullmatch(search.strip())
    if match is None:
        raise BadQuery(f"Syntax error: cannot parse the search '{search}'")
    if match["order"] or search.lower().startswith("sortby"):
        descending = (match["order"] or "asc").lower() == "desc"
        entries = sorted(entries, key=lambda entry: str(getattr(entry, "name", "") or ""), reverse=descending)
    size = SEARCH_RESULTS_LIMIT if size is None else size
    begin = (int(match["page"] or 1) - 1) * size
    return entries[begin : begin + size]
