# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Asks the API server: which version of KubeVirt it serves, and lists, in pages. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    NotFound,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport import http_errors
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import Answer, HttpClient

GROUP = "kubevirt.io"
# How often a list is begun anew when its snapshot has expired before its last page.
ATTEMPTS = 3
GONE = 410


class Sink(t.Protocol):
    """Takes the objects of a list, one after the other."""

    def add(self, item: object) -> None:
        """Take one."""


S = t.TypeVar("S", bound=Sink)


class Forbidden(Denied):
    """The account has no right to a list; whoever asked for it completes the sentence."""


class _Expired(Exception):
    """The snapshot that the pages of a list come from is gone."""


class Api:
    """The API server.

    Args:
        page_size: objects in one answer at the most.
    """

    def __init__(self, client: HttpClient, page_size: int) -> None:
        self.what = client.what
        self._client = client
        self._page_size = page_size
        self._path = ""

    def discover(self) -> None:
        """Ask which version of KubeVirt's API is served.

        Raises:
            NotFound: there is no KubeVirt in this cluster.
            Denied, CannotConnect, BadAnswer: see HttpClient.
        """
        path = f"/apis/{GROUP}"
        answer = self._client.request("GET", path, expect={404, 403})
        if answer.status == 403:
            raise Denied(
                f"{self.what} does not allow the account to ask for KubeVirt ({said(answer)}); check that token or "
                "kubeconfig are those of an account of this cluster"
            )
        if answer.status == 404:
            if answer.body.strip() == b"404 page not found":  # the API server itself, not something else in its place
                raise NotFound(f"{self.what} has no KubeVirt (404); install it there, or name the right cluster")
            raise http_errors.from_response(404, answer.headers, answer.body, self.what, f"GET {path}", None)
        group = document_of(answer, self.what)
        versions = [entry.get("version") for entry in group.get("versions") or () if isinstance(entry, dict)]
        preferred = group.get("preferredVersion")
        if isinstance(preferred, dict):
            versions.append(preferred.get("version"))
        names = [name for name in versions if isinstance(name, str) and name]
        if not names:
            raise BadAnswer(f"{self.what} names no version of {GROUP}; check that it is a Kubernetes API server")
        # The stored version, which needs no conversion; else what the server prefers.
        self._path = f"{path}/{'v1' if 'v1' in names else names[-1]}"

    def place(self, resource: str, namespace: str | None) -> str:
        """The path of objects of KubeVirt, of one namespace or of all."""
        place = f"/namespaces/{namespace}" if namespace else ""
        return f"{self._path}{place}/{resource}"

    def has_namespace(self, name: str) -> bool | None:
        """Whether there is such a namespace; None where the account may not ask."""
        answer = self._client.request("GET", f"/api/v1/namespaces/{name}", expect={403, 404})
        if answer.status == 200:
            document_of(answer, self.what)
        return None if answer.status == 403 else answer.status == 200

    def read(self, path: str, kind: str, new: t.Callable[[], S]) -> tuple[S, str]:
        """Read a list, all pages of one snapshot. One that expires on the way is begun anew.

        Args:
            kind: what the answer must say that it is.
            new: makes what takes the objects, anew for each beginning.

        Returns:
            what took the objects, and the version of the snapshot; empty where the server does not tell it.

        Raises:
            Forbidden: the account has no right to the list.
            Denied, NotFound, CannotConnect, BadAnswer: see HttpClient.
        """
        for _attempt in range(ATTEMPTS):
            sink = new()
            try:
                version = self._read_pages(path, kind, sink)
            except _Expired:
                continue
            return sink, version
        raise CannotConnect(
            f"{self.what} gave up its snapshot of {path} before the last page was read, {ATTEMPTS} times; raise "
            "page_size, and look at the load of the server"
        )

    def _read_pages(self, path: str, kind: str, sink: Sink) -> str:
        token = ""
        seen: set[str] = set()
        while True:
            params: dict[str, t.Any] = {"limit": self._page_size}
            if token:
                params["continue"] = token
            answer = self._client.request("GET", path, params=params, expect={403, GONE} if token else {403})
            if answer.status == 403:
                raise Forbidden(f"{self.what} does not allow the account to list {path} ({said(answer)})")
            if answer.status == GONE:
                raise _Expired
            page = document_of(answer, self.what)
            items, metadata = page.get("items"), page.get("metadata")
            if page.get("kind") != kind or not isinstance(metadata, dict) or not isinstance(items, (list, type(None))):
                raise BadAnswer(
                    f"{self.what} answered {path} with something that is no {kind}; check that server, port and path "
                    "name a Kubernetes API server"
                )
            for item in items or ():
                sink.add(item)
            following = metadata.get("continue") or ""
            if not isinstance(following, str) or following in seen:
                raise BadAnswer(f"{self.what} does not come to the end of {path}; look at the server's log")
            if not following:
                version = metadata.get("resourceVersion")
                return version if isinstance(version, str) else ""
            token = following
            seen.add(token)


def document_of(answer: Answer, what: str) -> dict[str, t.Any]:
    """The object that an answer is.

    Raises:
        BadAnswer: it is none.
    """
    document = answer.json()
    if not isinstance(document, dict):
        raise BadAnswer(f"{what} answered JSON that is no object; check that it is a Kubernetes API server")
    return document


def said(answer: Answer) -> str:
    """Status and message of a refusal, for a sentence."""
    message = http_errors.server_message(answer.body)
    return f"{answer.status}: {shown(message)}" if message else str(answer.status)
