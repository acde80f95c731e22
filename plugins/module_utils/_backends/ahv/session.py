# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Talking to a Prism: requests with name and password, and the session that it gives for them. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import Answer, HttpClient

# So often a session that was given is tried again after it was refused.
_TRUSTED_TWICE = 2


class Prism:
    """A Prism that is asked.

    Every request carries name and password, so that no session is needed; but a Prism that gets its own cookie back
    looks them up once only, which takes a second or more where they come from a directory.
    """

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self.what = client.what
        self._cookies: dict[str, str] = {}
        self._refused = 0

    def call(
        self,
        method: str,
        path: str,
        *,
        params: t.Mapping[str, t.Any] | None = None,
        body: t.Any = None,
        expect: t.Collection[int] = (),
    ) -> Answer:
        """Make an exchange.

        Args:
            expect: statuses beside 2xx that are returned instead of raised.

        Raises:
            CannotConnect, Denied, NotFound, BadAnswer: see _transport.http.
        """
        if self._cookies:
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
            answer = self._client.request(
                method, path, params=params, json_body=body, headers=headers, expect={401, *expect}
            )
            if answer.status != 401:
                return self._noted(answer)
            # The session is over. Name and password were taken before, so this risks no lock-out of the account.
            self._cookies.clear()
            self._refused += 1
        return self._noted(self._client.request(method, path, params=params, json_body=body, expect=expect))

    def _noted(self, answer: Answer) -> Answer:
        # Behind a balancer a session may be known to one of several servers only; then it is better to do without.
        if self._refused < _TRUSTED_TWICE:
            self._cookies.update({name: value for name, value in answer.cookies.items() if name and value})
        return answer

    def list_of(self, answer: Answer, request: str, items: str, total: str) -> tuple[list[t.Any], int]:
        """The entities of a page, and how many there are on all pages.

        Args:
            request: what was asked, for the error.
            items: name of the member with the entities; an empty page may lack it.
            total: name of the member of the metadata that counts them all.

        Raises:
            BadAnswer: it is no page.
        """
        document = answer.json()
        metadata = document.get("metadata") if isinstance(document, dict) else None
        count = metadata.get(total) if isinstance(metadata, dict) else None
        found = document.get(items, []) if isinstance(document, dict) else None
        if not isinstance(found, list) or not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise BadAnswer(
                f"{self.what} answered {request} without a list of {items} and its {total}; "
                "check that server and port name a Prism, and look at its log"
            )
        return found, count
