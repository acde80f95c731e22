# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From method and path to a function; the first route that fits wins."""

from __future__ import annotations

import re
import typing as t

from .message import Request, Response, decode_segment

Handler = t.Callable[[Request], Response]
H = t.TypeVar("H")


class RouteTable(t.Generic[H]):
    """Routes such as ``GET /consumers/{uuid}/guestids``; a variable takes one segment and is percent-decoded."""

    def __init__(self, prefix: str = "") -> None:
        """Routes below ``prefix``, for example ``/rhsm``."""
        self.prefix = prefix.rstrip("/")
        self._routes: list[tuple[str, re.Pattern[str], H]] = []

    def add(self, method: str, pattern: str, handler: H) -> None:
        """Add one route. A trailing slash is accepted on every path."""
        pieces = re.split(r"\{(\w+)\}", pattern.rstrip("/"))
        expression = "".join(
            re.escape(piece) if index % 2 == 0 else f"(?P<{piece}>[^/]+)" for index, piece in enumerate(pieces)
        )
        self._routes.append((method, re.compile(re.escape(self.prefix) + expression + "/?"), handler))

    def find(self, request: Request) -> tuple[H | None, set[str]]:
        """The handler for a request, its ``params`` filled in; and the methods that the path knows."""
        methods: set[str] = set()
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match:
                methods.add(method)
                if method == request.method:
                    request.params = {name: decode_segment(value) for name, value in match.groupdict().items()}
                    return handler, methods
        return None, methods


class Router(RouteTable[Handler]):
    """Routes straight to functions from request to response: an application by itself."""

    def __call__(self, request: Request) -> Response:
        """Answer by the route; 404 for an unknown path, 405 for an unknown method of a known one."""
        handler, methods = self.find(request)
        if handler is not None:
            return handler(request)
        if methods:
            return Response(405, b"", [("Allow", ", ".join(sorted(methods)))])
        return Response.text("not found\n", 404)
