# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A request as it will be sent, checked before anything is contacted. Private to this collection."""

from __future__ import annotations

import json
import typing as t
from urllib.parse import urlencode

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput


class Exchange(t.NamedTuple):
    """A request, ready to be sent (again), and what may become of it.

    Attributes:
        path: of the whole URL, without the query.
        expect: statuses beside 2xx that are no error.
        repeatable: whether it may be sent again when it is not known if the server acted on it.
        seconds: deadline for the exchange.
    """

    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]
    expect: t.Container[int]
    repeatable: bool
    seconds: float
    query: str = ""

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def completed(self, params: t.Mapping[str, t.Any] | None, json_body: t.Any) -> Exchange:
        """The exchange with its query, and with its JSON body where there is one.

        Raises:
            InvalidInput: a header cannot be sent.
        """
        headers, body = dict(self.headers), self.body
        if json_body is not None:
            body = json.dumps(json_body).encode()
            headers.setdefault("Content-Type", "application/json")
        for name, value in headers.items():
            _check_header(name, value)
        return self._replace(headers=headers, body=body, query=urlencode(params or {}, doseq=True))


def _check_header(name: str, value: str) -> None:
    """Refuse a value that cannot be sent. The value, maybe a token, is not shown; http.client would show it.

    Raises:
        InvalidInput: it holds a line break or another character that no header can hold.
    """
    if any(ord(char) < 32 or ord(char) == 127 or ord(char) > 255 for char in value):
        raise InvalidInput(
            f"the value for the HTTP header {name} holds a line break or another character that it must not hold; "
            "check the token or whatever it was made of"
        )
