# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Lists in pages."""

from __future__ import annotations

import typing as t
from urllib.parse import urlencode

from .._http import Request
from .errors import bad_request

MOST = 3000
TOO_MANY = "This endpoint does not support returning more than 3000 results at a time, please use paging."
E = t.TypeVar("E")
Sorters = t.Mapping[str, t.Callable[[E], t.Any]]


def _number(request: Request, name: str, default: int) -> int:
    text = request.argument(name)
    if text is None:
        return default
    if not text.isdigit() or int(text) < 1:
        raise bad_request(f"Invalid value for {name}: it must be a positive integer")
    return int(text)


def page(request: Request, elements: list[E], sorters: Sorters[E]) -> tuple[list[E], list[tuple[str, str]]]:
    """The elements that were asked for, and the headers that go with them.

    ``sorters`` are the values that ``sort_by`` knows; the first is the default. Unpaged lists end at 3000.
    """
    query = request.query
    paged = "page" in query or "per_page" in query
    if paged or "order" in query or "sort_by" in query:
        field = request.argument("sort_by") or next(iter(sorters))
        order = (request.argument("order") or "desc").lower()
        if field not in sorters or order not in {"asc", "ascending", "desc", "descending"}:
            raise bad_request("Invalid sort order or sort field")
        elements = sorted(elements, key=sorters[field], reverse=order.startswith("desc"))
    if not paged:
        if len(elements) > MOST:
            raise bad_request(TOO_MANY)
        return elements, []
    number, size = _number(request, "page", 1), _number(request, "per_page", 10)
    if size > MOST:
        raise bad_request(TOO_MANY)
    last = max(1, -(-len(elements) // size))
    links = {"first": 1, "prev": number - 1, "next": number + 1, "last": last}
    shown = [
        f'<{_address(request, target, size)}>; rel="{name}"'
        for name, target in links.items()
        if 1 <= target <= last and not (name == "prev" and number > last)
    ]
    headers = [("X-total-count", str(len(elements))), ("Link", ", ".join(shown))]
    return elements[(number - 1) * size : number * size], headers


def _address(request: Request, number: int, size: int) -> str:
    query = [(name, value) for name, values in request.query.items() for value in values]
    kept = [(name, value) for name, value in query if name not in {"page", "per_page"}]
    scheme = "https" if request.secure else "http"
    text = urlencode([*kept, ("page", str(number)), ("per_page", str(size))])
    return f"{scheme}://{request.header('Host')}{request.path}?{text}"
