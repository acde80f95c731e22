# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""``/api/v2/``: lists with filters and pages, objects, the links between them, and tokens."""

from __future__ import annotations

import itertools
import ssl
import threading
import typing as t
from urllib.parse import urlencode

from .._http import HttpServer, Request, Response
from .model import ENCRYPTED, KINDS, UNIFIED, Item, Kind, check

ROOT = "/api/v2/"
# Of the collection awx.awx that the tests use; another one makes it warn.
VERSION = "24.6.1"


class AwxServer(HttpServer):
    """An AWX with one account and the organization ``Default``.

    Attributes:
        objects: all objects of each collection, by id.
        tokens: those that were given out and not taken back.
    """

    def __init__(
        self,
        *,
        user: str = "admin",
        password: str = "s3cr3t-pass",
        page_size: int = 25,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(self._reply, tls=tls)
        self.user, self.password, self.page_size = user, password, page_size
        self.objects: dict[str, dict[int, Item]] = {name: {} for name in KINDS}
        self.links: dict[tuple[int, str], list[int]] = {}
        self.tokens: dict[int, str] = {}
        self._ids = itertools.count(1)
        self._change = threading.Lock()
        self.make("organizations", name="Default")

    def make(self, collection: str, **fields: t.Any) -> Item:
        """Put an object there, as somebody did before."""
        status, item = self._create(collection, fields)
        assert status == 201, item
        return item

    def named(self, collection: str, name: str) -> Item:
        """The object of a name; secrets as they are stored."""
        (found,) = (
            each for each in self.objects[collection].values() if name in (each.get("name"), each.get("identifier"))
        )
        return found

    def linked(self, item: Item, link: str) -> list[str]:
        """Names of what is linked to an object."""
        collection = next(kind.links[link] for kind in KINDS.values() if kind.type == item["type"])
        found = [self.objects[collection][key] for key in self.links.get((item["id"], link), [])]
        return [each.get("name") or each["identifier"] for each in found]

    # -- requests

    def _reply(self, request: Request) -> Response:
        with self._change:
            status, body = self._answer(request)
        headers = [("X-API-Product-Name", "AWX"), ("X-API-Product-Version", VERSION), ("Vary", "Accept")]
        return Response(status, b"", headers) if body is None else Response.json(body, status, headers)

    def _answer(self, request: Request) -> tuple[int, Item | None]:
        if not request.path.startswith(ROOT):
            return 404, {"detail": "The requested resource could not be found."}
        parts = [part for part in request.path[len(ROOT) :].split("/") if part]
        if not self._may(request):
            return 401, {
                "detail": "Authentication credentials were not provided. To establish a login session, visit /api/login/."
            }
        if parts[:1] == ["tokens"]:
            return self._token(request, parts[1:])
        if parts[:1] == ["project_updates"]:
            return 200, {"id": int(parts[1]), "type": "project_update", "status": "successful", "failed": False}
        if parts[0] not in KINDS and parts[0] != "unified_job_templates":
            return 404, {"detail": "The requested resource could not be found."}
        if len(parts) == 1:
            return self._collection(request, parts[0])
        item = self._all(parts[0]).get(int(parts[1]))
        if item is None:
            return 404, {"detail": "Not found."}
        if len(parts) == 2:
            return self._object(request, parts[0], item)
        return self._link(request, KINDS[parts[0]], item, parts[2])

    def _may(self, request: Request) -> bool:
        scheme, _blank, token = request.header("Authorization").partition(" ")
        if scheme == "Bearer":
            return token in self.tokens.values()
        return request.basic_auth() == (self.user, self.password)

    def _token(self, request: Request, parts: list[str]) -> tuple[int, Item | None]:
        if request.method == "DELETE" and parts and int(parts[0]) in self.tokens:
            del self.tokens[int(parts[0])]
            return 204, None
        if request.method != "POST" or parts:
            return 404, {"detail": "Not found."}
        key = next(self._ids)
        self.tokens[key] = f"token-{key}-of-{self.user}"
        return 201, {"id": key, "type": "o_auth2_access_token", "token": self.tokens[key], "scope": "write"}

    def _all(self, collection: str) -> dict[int, Item]:
        if collection != "unified_job_templates":
            return self.objects[collection]
        return {key: item for each in UNIFIED for key, item in self.objects[each].items()}

    def _collection(self, request: Request, collection: str) -> tuple[int, Item]:
        if request.method == "POST" and collection in KINDS:
            return self._create(collection, request.json())
        if request.method != "GET":
            return 405, {"detail": f'Method "{request.method}" not allowed.'}
        known = {"id", "type", "page", "page_size", "order_by", "name", "organization"}
        known |= set(KINDS[collection].fields) if collection in KINDS else set()
        wanted = {
            name: values[0] for name, values in request.query.items() if name not in ("page", "page_size", "order_by")
        }
        for name in request.query:
            if name.removeprefix("or__") not in known:
                return 400, {"detail": f"{collection} has no field named '{name}'"}
        strict = {name: value for name, value in wanted.items() if not name.startswith("or__")}
        either = {name[4:]: value for name, value in wanted.items() if name.startswith("or__")}
        found = [
            item
            for item in self._all(collection).values()
            if all(_text(item.get(name)) == value for name, value in strict.items())
            and (not either or any(_text(item.get(name)) == value for name, value in either.items()))
        ]
        return self._page(request, found)

    def _page(self, request: Request, found: list[Item]) -> tuple[int, Item]:
        page = int(request.argument("page", "1") or 1)
        size = int(request.argument("page_size", str(self.page_size)) or 1)
        first, last = (page - 1) * size, page * size

        def place(number: int) -> str:
            query = {name: values[0] for name, values in request.query.items()}
            return f"{request.path}?{urlencode({**query, 'page': number})}"

        return 200, {
            "count": len(found),
            "next": place(page + 1) if last < len(found) else None,
            "previous": place(page - 1) if page > 1 else None,
            "results": [_shown(item, self.objects) for item in found[first:last]],
        }

    def _object(self, request: Request, collection: str, item: Item) -> tuple[int, Item | None]:
        if request.method == "GET":
            return 200, _shown(item, self.objects)
        if request.method == "PATCH":
            return self._update(collection, item, request.json())
        if request.method == "DELETE":
            return self._delete(collection, item)
        return 405, {"detail": f'Method "{request.method}" not allowed.'}

    # -- changes

    def _create(self, collection: str, given: Item) -> tuple[int, Item]:
        kind = KINDS[collection]
        # Fields that AWX does not know are dropped without a word.
        item = {**kind.fields, **{name: value for name, value in given.items() if name in kind.fields}}
        refused = self._refused(collection, item)
        if refused:
            return 400, refused
        key = next(self._ids)
        item = {
            "id": key,
            "type": kind.type,
            "url": f"{ROOT}{collection}/{key}/",
            "related": {},
            "summary_fields": {},
            **item,
        }
        if collection == "projects":
            item["summary_fields"] = {"current_update": {"id": next(self._ids), "status": "pending"}}
        self.objects[collection][key] = item
        shown = _shown(item, self.objects)
        item["summary_fields"] = {}
        return 201, shown

    def _update(self, collection: str, item: Item, given: Item) -> tuple[int, Item]:
        changes = {name: value for name, value in given.items() if name in KINDS[collection].fields}
        if isinstance(changes.get("inputs"), dict) and collection == "credentials":
            kept = {name: item["inputs"][name] for name, value in changes["inputs"].items() if value == ENCRYPTED}
            changes["inputs"] = {**changes["inputs"], **kept}
        refused = self._refused(collection, {**item, **changes}, item["id"])
        if refused:
            return 400, refused
        item.update(changes)
        return 200, _shown(item, self.objects)

    def _refused(self, collection: str, item: Item, own: int = 0) -> Item:
        kind = KINDS[collection]
        for name in kind.required:
            if item[name] in (None, ""):
                return {name: ["This field is required."]}
        for name, target in kind.references.items():
            if item[name] is not None and item[name] not in self._all(target):
                return {name: [f'Invalid pk "{item[name]}" - object does not exist.']}
        for key, other in self.objects[collection].items():
            if key != own and all(other[name] == item[name] for name in kind.identity):
                return {"__all__": [f"{kind.type} with this ({', '.join(kind.identity)}) combination already exists."]}
        if collection == "credentials":
            fields = {
                each["id"]
                for each in self.objects["credential_types"][item["credential_type"]]["inputs"].get("fields", [])
            }
            if set(item["inputs"]) - fields:
                return {"inputs": [f"{', '.join(sorted(set(item['inputs']) - fields))} is no field of this type"]}
        return check(collection, item)

    def _delete(self, collection: str, item: Item) -> tuple[int, Item | None]:
        key = item["id"]
        if collection == "credential_types" and any(
            each["credential_type"] == key for each in self.objects["credentials"].values()
        ):
            return 403, {"detail": "Credential types that are in use cannot be deleted"}
        self._forget(collection, key)
        return KINDS[collection].deleted, {} if KINDS[collection].deleted == 202 else None

    def _forget(self, collection: str, key: int) -> None:
        """Remove an object, what is part of it, and what points at it."""
        del self.objects[collection][key]
        parts = {
            "workflow_job_templates": [("workflow_job_template_nodes", "workflow_job_template")],
            "inventories": [("inventory_sources", "inventory")],
        }.get(collection, [])
        if collection in UNIFIED:
            parts = [*parts, ("schedules", "unified_job_template")]
        for part, name in parts:
            for other in [each for each, item in self.objects[part].items() if item[name] == key]:
                self._forget(part, other)
        for place, kind in KINDS.items():
            for item in self.objects[place].values():
                item.update({name: None for name in kind.references if item[name] == key})
        for (owner, link), keys in list(self.links.items()):
            self.links[(owner, link)] = [each for each in keys if each != key]

    def _link(self, request: Request, kind: Kind, item: Item, link: str) -> tuple[int, Item | None]:
        if link not in kind.links:
            return 404, {"detail": "The requested resource could not be found."}
        target = self.objects[kind.links[link]]
        linked = self.links.setdefault((item["id"], link), [])
        if request.method == "GET":
            return self._page(request, [target[key] for key in linked])
        body = request.json()
        if body.get("id") not in target:
            return 400, {"msg": f'"id" {body.get("id")} is missing or unknown'}
        if body.get("disassociate"):
            linked.remove(body["id"])
            return 204, None
        if link == "credentials" and any(
            target[key]["credential_type"] == target[body["id"]]["credential_type"] for key in linked
        ):
            return 400, {"error": "Cannot assign multiple credentials of one type."}
        if body["id"] not in linked:
            linked.append(body["id"])
        return 204, None


def _text(value: t.Any) -> str:
    return "" if value is None else str(value)


def _shown(item: Item, objects: dict[str, dict[int, Item]]) -> Item:
    """An object as it is answered: AWX never shows a secret again."""
    if item["type"] != "credential":
        return dict(item)
    fields = objects["credential_types"][item["credential_type"]]["inputs"].get("fields", [])
    secret = {each["id"] for each in fields if each.get("secret")}
    shown = {name: ENCRYPTED if name in secret and value else value for name, value in item["inputs"].items()}
    return {**item, "inputs": shown}
