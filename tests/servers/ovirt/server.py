# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The engine over HTTP."""

from __future__ import annotations

import typing as t
import zlib
from pathlib import Path

from .._http import HttpServer, Request, Response
from . import xml
from .accounts import Accounts
from .model import Inventory
from .paging import BadQuery, select

LOGIN_PATH = "/ovirt-engine/sso/oauth/token"
LOGOUT_PATH = "/ovirt-engine/services/sso-logout"
CA_PATH = "/ovirt-engine/services/pki-resource"
_XML = "application/xml"
_PIECE = 64 * 1024
_LISTS = {"clusters": "clusters", "hosts": "hosts", "vms": "machines"}
_PAGE = b"<html><head><title>404 - Page not found!</title></head><body>404 - Page not found!</body></html>"


class EngineServer(HttpServer):
    """An engine.

    Attributes:
        inventory: what it manages; may be changed while it serves.
        oldest, newest: the versions of the API that it speaks. The oldest is its default while that is 3.
        ca: the file with its CA, which it hands out to everybody.
        changes: for a list, what happens after its next pages were answered, one by one.
    """

    def __init__(
        self,
        inventory: Inventory,
        accounts: Accounts,
        *,
        versions: t.Sequence[int] = (4,),
        ca: Path | None = None,
        keep_answers: bool = False,
        **options: t.Any,
    ) -> None:
        """Serve; with ``keep_answers`` each list is written once only, for measurements. The rest is for HttpServer."""
        super().__init__(self._answer, **options)
        self.inventory = inventory
        self.accounts = accounts
        self.versions = tuple(versions)
        self.ca = ca
        self.changes: dict[str, list[t.Callable[[], object]]] = {}
        self._kept: dict[tuple[str, bool], bytes] | None = {} if keep_answers else None

    def _answer(self, request: Request) -> Response:
        if self.accounts.sso and request.path == LOGIN_PATH and request.method == "POST":
            return self.accounts.log_in(request)
        if self.accounts.sso and request.path == LOGOUT_PATH and request.method == "POST":
            return self.accounts.log_out(request)
        if request.path == CA_PATH and self.ca is not None:
            return Response(200, self.ca.read_bytes(), [("Content-Type", "application/x-x509-ca-cert")])
        parts = request.path.rstrip("/").split("/")
        if parts[:3] == ["", "ovirt-engine", "api"]:
            return self._api(request, parts[3:])
        return Response(404, _PAGE, [("Content-Type", "text/html;charset=UTF-8")])

    def _api(self, request: Request, parts: list[str]) -> Response:
        version = self.versions[0] if self.versions[0] == 3 else self.versions[-1]
        asked = request.header("Version") or str(version)
        if parts and parts[0] in ("v3", "v4"):
            asked = parts.pop(0)[1:]
        if asked not in map(str, self.versions):
            return _fault(400, "Bad Request", f"Unsupported API version {asked}")
        user, refusal = self.accounts.admit(request)
        if refusal is not None:
            return refusal
        if user in self.accounts.without_rights and request.header("Filter").lower() != "true":
            return _fault(403, "Operation Failed", "query execution failed due to insufficient permissions.")
        if request.method != "GET":
            return Response(405, b"", [("Allow", "GET")])
        if "application/xml" not in request.header("Accept", _XML) and "*/*" not in request.header("Accept", _XML):
            return Response(406, b"")
        old = asked == "3"
        if not parts:
            body = xml.entry_point(len(self.inventory.hosts), len(self.inventory.machines), old)
            return Response(200, body, [("Content-Type", _XML)])
        if len(parts) == 1 and parts[0] in _LISTS:
            return self._list(request, parts[0], old)
        if len(parts) == 2 and parts[0] in _LISTS:
            return self._one(parts[0], parts[1], old)
        return _fault(404, "Operation Failed", "Entity not found")

    def _list(self, request: Request, name: str, old: bool) -> Response:
        try:
            entries = select(request, list(getattr(self.inventory, _LISTS[name])))
        except BadQuery as error:
            return _fault(400, "Operation Failed", str(error))
        packed = "gzip" in request.header("Accept-Encoding")
        headers = [("Content-Type", _XML), *([("Content-Encoding", "gzip")] if packed else [])]
        pieces = self._written(name, entries, old)
        body: t.Iterable[bytes] = _zipped(pieces) if packed else pieces
        if self._kept is not None:
            key = (request.target, packed)
            if key not in self._kept:
                self._kept[key] = b"".join(body)
            whole = self._kept[key]
            body = (whole[begin : begin + _PIECE] for begin in range(0, len(whole), _PIECE))
        waiting = self.changes.get(name)
        if waiting:
            # As it was when it was asked; the change is there for the next one.
            body = [b"".join(body)]
            waiting.pop(0)()
        return Response(200, body, headers)

    def _written(self, name: str, entries: t.Sequence[t.Any], old: bool) -> t.Iterator[bytes]:
        """A list, in pieces."""
        running = self.inventory.running() if name == "hosts" else {}
        piece, size = [f"{xml.DECLARATION}<{name}>\n"], 0
        for entry in entries:
            piece.append(_object(name, entry, old, running))
            size += len(piece[-1])
            if size >= _PIECE:
                yield "".join(piece).encode()
                piece, size = [], 0
        yield "".join([*piece, f"</{name}>\n"]).encode()

    def _one(self, name: str, identifier: str, old: bool) -> Response:
        for entry in getattr(self.inventory, _LISTS[name]):
            if entry.id == identifier:
                body = xml.DECLARATION + _object(name, entry, old, self.inventory.running())
                return Response(200, body.encode(), [("Content-Type", _XML)])
        return _fault(404, "Operation Failed", f"Entity not found: {identifier}")


def _object(name: str, entry: t.Any, old: bool, running: t.Mapping[str, int]) -> str:
    if name == "clusters":
        return xml.cluster(entry, old)
    return xml.host(entry, old, running.get(entry.id or "", 0)) if name == "hosts" else xml.vm(entry, old)


def _fault(status: int, reason: str, detail: str) -> Response:
    return Response(status, xml.fault(reason, detail), [("Content-Type", _XML)])


def _zipped(pieces: t.Iterable[bytes]) -> t.Iterator[bytes]:
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    for piece in pieces:
        data = packer.compress(piece)
        if data:
            yield data
    yield packer.flush()
