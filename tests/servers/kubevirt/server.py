# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The API server: discovery, lists in pages of one snapshot, watches, rights."""

from __future__ import annotations

import base64
import gzip
import json
import typing as t

from .._http import HttpServer, Request, Response
from .._http.router import RouteTable
from . import errors
from .accounts import Account, Accounts
from .model import Cluster
from .watching import BOOKMARK_EVERY, Watch

GROUP = "kubevirt.io"
GZIP_FROM = 128 * 1024
KINDS = {
    "nodes": ("", "v1", "NodeList"),
    "virtualmachineinstances": (GROUP, "v1", "VirtualMachineInstanceList"),
    "virtualmachines": (GROUP, "v1", "VirtualMachineList"),
}
Handler = t.Callable[[Request, Account], Response]
Rows = list[tuple[str, bytes]]


class KubernetesServer(HttpServer):
    """An API server.

    Attributes:
        before: called with every request before it is answered, to change the cluster in the middle of a list.
        bookmark_every: seconds between the bookmarks of a watch.
        piece: bytes in each chunk of a watch; 0 for a line in each.
        gone_as_status: say with the status of the answer that a version is too old to watch from.
    """

    def __init__(self, cluster: Cluster, accounts: Accounts, **options: t.Any) -> None:
        """Serve this cluster; the rest is for HttpServer."""
        super().__init__(self._answer, **options)
        self.cluster = cluster
        self.accounts = accounts
        self.before: t.Callable[[Request], None] | None = None
        self.bookmark_every = BOOKMARK_EVERY
        self.piece = 0
        self.gone_as_status = False
        if not cluster.fixed:
            cluster.history.begin(cluster.things(), cluster.resource_version)
        self._snapshots: dict[tuple[int, str, str | None], Rows] = {}
        self._routes: RouteTable[Handler] = RouteTable()
        add = self._routes.add
        add("GET", "/version", lambda _request, _account: Response.json({"major": "1", "gitVersion": "v1.28.7"}))
        add("GET", f"/apis/{GROUP}", self._group)
        add("GET", "/api/v1/nodes", lambda request, account: self._list(request, account, "nodes", None))
        add("GET", "/api/v1/namespaces/{namespace}", self._namespace)
        add("GET", f"/apis/{GROUP}/{{version}}/{{resource}}", self._kubevirt)
        add("GET", f"/apis/{GROUP}/{{version}}/namespaces/{{namespace}}/{{resource}}", self._kubevirt)

    def compact(self) -> None:
        """Forget all snapshots, as etcd does some minutes after they were made."""
        self._snapshots.clear()
        self.cluster.changed()
        self.cluster.history.forget(self.cluster.resource_version)

    def stop(self) -> None:
        """As that of every server; watches end."""
        self.stopping.set()
        self.cluster.history.wake()
        super().stop()

    def _answer(self, request: Request) -> Response:
        if self.before is not None:
            self.before(request)
        account = self.accounts.admit(request)
        response = account if isinstance(account, Response) else self._admitted(request, account)
        body = response.whole_body() if isinstance(response.body, bytes) else b""
        if len(body) > GZIP_FROM and "gzip" in request.header("Accept-Encoding"):
            response.body = gzip.compress(body, 1)
            response.headers.append(("Content-Encoding", "gzip"))
        response.headers += [("Audit-Id", "0b9a5d3c"), ("Cache-Control", "no-cache, private")]
        return response

    def _admitted(self, request: Request, account: Account) -> Response:
        handler, _methods = self._routes.find(request)
        return errors.no_such_path() if handler is None else handler(request, account)

    def _group(self, _request: Request, _account: Account) -> Response:
        if not self.cluster.versions:
            return errors.no_such_path()
        versions = [{"groupVersion": f"{GROUP}/{name}", "version": name} for name in self.cluster.versions]
        head = {"kind": "APIGroup", "apiVersion": "v1", "name": GROUP}
        return Response.json({**head, "versions": versions, "preferredVersion": versions[0]})

    def _namespace(self, request: Request, account: Account) -> Response:
        name = request.params["namespace"]
        if not account.may("namespaces", name):
            return errors.forbidden_resource(account.user, "get", "namespaces", "", name)
        if name not in self.cluster.namespaces:
            return errors.status(404, "NotFound", f'namespaces "{name}" not found')
        return Response.json({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})

    def _kubevirt(self, request: Request, account: Account) -> Response:
        resource = request.params["resource"]
        known = resource in KINDS and KINDS[resource][0] == GROUP
        if not known or request.params["version"] not in self.cluster.versions:
            return errors.no_such_path()
        response = self._list(request, account, resource, request.params.get("namespace"))
        if request.params["version"] != "v1":
            text = f'299 - "{GROUP}/{request.params["version"]} is deprecated"'
            response.headers.append(("Warning", text))
        return response

    # -- lists

    def _list(self, request: Request, account: Account, resource: str, namespace: str | None) -> Response:
        group, version, kind = KINDS[resource]
        watched = request.argument("watch") in ("1", "true")
        verb = "watch" if watched else "list"
        if not account.may(resource, namespace, verb):
            return errors.forbidden_resource(account.user, verb, resource, group, namespace)
        if watched:
            head = {"kind": kind.removesuffix("List"), "apiVersion": f"{group}/{version}" if group else version}
            watch = Watch(
                self.cluster, request, resource, namespace, head, bookmark_every=self.bookmark_every, piece=self.piece
            )
            return watch.response(self.gone_as_status)
        with self.cluster.history.changed:
            return self._page(request, resource, namespace)

    def _page(self, request: Request, resource: str, namespace: str | None) -> Response:
        group, version, kind = KINDS[resource]
        start, revision = "", self.cluster.resource_version
        given = request.argument("continue")
        if given:
            try:
                token = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
                revision, start = int(token["rv"]), str(token["start"])
            except (ValueError, KeyError, TypeError):
                return errors.bad_token()
            if (revision, resource, namespace) not in self._snapshots:
                return errors.expired(_token(self.cluster.resource_version, start))
            rows = self._snapshots[revision, resource, namespace]
        else:
            rows = self.cluster.rows(resource, namespace)
        limit = int(request.argument("limit") or 0)
        left = [row for row in rows if row[0] > start]
        page = left[:limit] if limit else left
        metadata: dict[str, t.Any] = {"resourceVersion": str(revision)}
        if len(page) < len(left):
            self._snapshots[revision, resource, namespace] = rows
            metadata["continue"] = _token(revision, page[-1][0])
            metadata["remainingItemCount"] = len(left) - len(page)
        elif group:
            metadata["continue"] = ""
        head = json.dumps(
            {"kind": kind, "apiVersion": f"{group}/{version}" if group else version, "metadata": metadata}
        )
        body = head[:-1].encode() + b', "items": [' + b",".join(row[1] for row in page) + b"]}\n"
        return Response(200, body, [("Content-Type", "application/json")])


def _token(revision: int, start: str) -> str:
    """A continue token: a revision and the last key of the page before."""
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
