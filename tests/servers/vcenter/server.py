# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The SOAP endpoint ``/sdk`` of a vCenter or an ESXi."""

from __future__ import annotations

import gzip
import itertools
import re
import typing as t
import uuid
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from lxml import etree

from .._http import HttpServer, Request, Response, faults
from . import xml
from .collector import Collector, Filter, Reader, read_spec, wait
from .inventory import Inventory, Ref
from .xml import VimFault

COOKIE = "vmware_soap_session"
_OPERATION = re.compile(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")


def operation_of(body: bytes) -> str:
    """The name of the operation in a request's body; empty for none."""
    found = _OPERATION.search(body)
    return found[1].decode() if found else ""


@dataclass
class Session:
    """A session, and what dies with it: views, collectors and half-read results."""

    key: str
    user: str
    views: dict[Ref, tuple[str, ...]] = field(default_factory=dict)
    collectors: dict[Ref, Collector] = field(default_factory=dict)
    unread: dict[str, tuple[list[str], int]] = field(default_factory=dict)


class VCenterServer(HttpServer):
    """A vCenter (or, with ``api_type`` HostAgent, an ESXi) on loopback.

    ::

        inventory = vcenter()
        ...
        with VCenterServer(inventory, page=2) as server:
            server.fail("ContinueRetrievePropertiesEx", "NotAuthenticated")
            ...
            assert server.calls() == ["RetrieveServiceContent", "Login", ...]
    """

    def __init__(
        self,
        inventory: Inventory,
        *,
        user: str = "administrator@vsphere.local",
        password: str = "secret",
        api_type: str = "VirtualCenter",
        page: int | None = 100,
        compress: bool = False,
        unknown: t.Container[str] = (),
        **options: t.Any,
    ) -> None:
        """``page`` is the server's own limit of objects per answer; ``unknown`` are paths that its API lacks."""
        super().__init__(self._soap, **options)
        self.inventory = inventory
        self.reader = Reader(inventory, unknown)
        self.user = user
        self.password = password
        self.api_type = api_type
        self.page = page
        self.compress = compress
        self.sessions: dict[str, Session] = {}
        #: Sessions that were ever made.
        self.logins = 0
        self._numbers = itertools.count()

    # -- for tests

    def calls(self) -> list[str]:
        """The operations called, in order."""
        return [operation_of(entry.body) for entry in self.log.find("POST")]

    def fail(self, operation: str, kind: str, members: str = "", times: int | None = 1, skip: int = 0) -> None:
        """Answer an operation with a fault of this type."""
        body = xml.fault(kind, members, f"fault {kind}")
        self.misbehave(faults.status(500, body, content_type="text/xml; charset=utf-8"), operation, times, skip)

    def misbehave(self, fault: faults.Fault, operation: str, times: int | None = 1, skip: int = 0) -> None:
        """Let an operation meet any fault of the catalogue."""
        self.faults.add(fault, times=times, skip=skip, when=lambda request: operation_of(request.body) == operation)

    def end_sessions(self) -> None:
        """An administrator ends all sessions, or they were idle for too long."""
        for session in list(self.sessions.values()):
            self._end(session)

    def _end(self, session: Session) -> None:
        self.sessions.pop(session.key, None)
        for collector in session.collectors.values():
            collector.cancelled.set()

    # -- the endpoint

    def _soap(self, request: Request) -> Response:
        if request.path != "/sdk":
            return Response.text("not found\n", 404)
        if request.method != "POST":
            return Response(405, b"", [("Allow", "POST")])
        headers = [("Content-Type", "text/xml; charset=utf-8"), ("Cache-Control", "no-cache")]
        try:
            operation = xml.read(request.body)
            name = etree.QName(operation).localname
            content = self._dispatch(name, operation, request, headers)
            return self._packed(request, 200, xml.answer(name, content), headers)
        except VimFault as fault:
            return self._packed(request, 500, xml.fault(fault.kind, fault.members, fault.text), headers)

    def _packed(self, request: Request, status: int, body: bytes, headers: list[tuple[str, str]]) -> Response:
        if self.compress and "gzip" in request.header("Accept-Encoding"):
            return Response(status, gzip.compress(body), [*headers, ("Content-Encoding", "gzip")])
        return Response(status, body, headers)

    def _session(self, request: Request) -> Session | None:
        found = re.search(rf'{COOKIE}="?([^";]+)"?', request.header("Cookie"))
        return self.sessions.get(found[1]) if found else None

    def _dispatch(self, name: str, operation: etree._Element, request: Request, headers: list[tuple[str, str]]) -> str:
        this = xml.ref(operation, "_this")
        session = self._session(request)
        if name == "RetrieveServiceContent":
            return self._content()
        if name == "Login":
            return self._login(operation, session, headers)
        if session is None:
            members = xml.reference("object", this) + "<privilegeId>System.View</privilegeId>"
            raise VimFault("NotAuthenticated", members, "The session is not authenticated.")
        method = getattr(self, f"_do_{name}", None)
        if method is None:
            raise VimFault("MethodNotFound", xml.reference("receiver", this) + f"<method>{name}</method>")
        return t.cast(str, method(session, this, operation, request))

    def _content(self) -> str:
        vcenter = self.api_type == "VirtualCenter"
        about = (
            f"<name>VMware {'vCenter Server' if vcenter else 'ESXi'}</name><fullName>VMware 8.0.2</fullName>"
            "<vendor>VMware, Inc.</vendor><version>8.0.2</version><build>22617221</build>"
            f"<osType>linux-x64</osType><productLineId>{'vpx' if vcenter else 'embeddedEsx'}</productLineId>"
            f"<apiType>{self.api_type}</apiType><apiVersion>8.0.2.0</apiVersion>"
        )
        if vcenter:
            about += "<instanceUuid>5b2e9a4e-0c3d-4f6e-9d0a-3f1f5c1d2e3f</instanceUuid>"
        prefix = "" if vcenter else "ha-"
        parts = [
            xml.reference("rootFolder", self.inventory.root),
            xml.reference("propertyCollector", Ref("PropertyCollector", f"{prefix}propertyCollector")),
            xml.reference("viewManager", Ref("ViewManager", f"{prefix}ViewManager")),
            f"<about>{about}</about>",
            xml.reference("sessionManager", Ref("SessionManager", f"{prefix}SessionManager")),
        ]
        return f"<returnval>{''.join(parts)}</returnval>"

    def _login(self, operation: etree._Element, session: Session | None, headers: list[tuple[str, str]]) -> str:
        given = (xml.text(operation, "userName"), xml.text(operation, "password"))
        if session is not None or given != (self.user, self.password):
            # The same fault for a live session as for a wrong password.
            raise VimFault("InvalidLogin", text="Cannot complete login due to an incorrect user name or password.")
        made = Session(str(uuid.uuid4()), given[0])
        self.sessions[made.key] = made
        self.logins += 1
        headers.append(("Set-Cookie", f'{COOKIE}="{made.key}"; Path=/; HttpOnly; Secure;'))
        headers.append(("Set-Cookie", "vmware_client=VMware; Path=/"))
        return f"<returnval><key>{made.key}</key><userName>{escape(made.user)}</userName></returnval>"

    def _do_Logout(self, session: Session, *_more: object) -> str:
        self._end(session)
        return ""

    def _do_CurrentTime(self, *_more: object) -> str:
        return "<returnval>2026-11-21T08:00:00Z</returnval>"

    def _do_TerminateSession(self, session: Session, _this: Ref, operation: etree._Element, _request: Request) -> str:
        for item in xml.every(operation, "sessionId"):
            target = self.sessions.get(item.text or "")
            if target is None or target is session:
                raise VimFault("InvalidArgument" if target else "NotFound")
            self._end(target)
        return ""

    # -- views and pages

    def _do_CreateContainerView(
        self, session: Session, _this: Ref, operation: etree._Element, _request: Request
    ) -> str:
        kinds = tuple(item.text or "" for item in xml.every(operation, "type"))
        if xml.ref(operation, "container") != self.inventory.root or xml.text(operation, "recursive") != "true":
            raise VimFault("InvalidArgument", "<invalidProperty>container</invalidProperty>")
        view = Ref("ContainerView", f"session[{session.key}]{uuid.uuid4()}")
        session.views[view] = kinds
        return xml.reference("returnval", view)

    def _do_DestroyView(self, session: Session, this: Ref, *_more: object) -> str:
        if session.views.pop(this, None) is None:
            raise VimFault("ManagedObjectNotFound", xml.reference("obj", this))
        return ""

    def _do_RetrievePropertiesEx(
        self, session: Session, _this: Ref, operation: etree._Element, _request: Request
    ) -> str:
        options = xml.every(operation, "options")
        if not options:
            raise VimFault("InvalidRequest", text="no options")
        wish = int(xml.text(options[0], "maxObjects", "1000000000"))
        if wish <= 0:
            raise VimFault("InvalidArgument", "<invalidProperty>maxObjects</invalidProperty>")
        objects: list[str] = []
        with self.inventory.changed:
            for item in xml.every(operation, "specSet"):
                spec = read_spec(item, session.views)
                objects += [self.reader.content(spec, ref) for ref in self.reader.selected(spec, session.views)]
        return self._page(session, objects, min(wish, self.page or wish))

    def _page(self, session: Session, objects: list[str], size: int) -> str:
        now, later = objects[:size], objects[size:]
        token = ""
        if later:
            # A valid token may be "0".
            number = str(next(self._numbers))
            session.unread[number] = (later, size)
            token = f"<token>{number}</token>"
        if not now:
            return ""
        return f"<returnval>{token}{''.join(now)}</returnval>"

    def _take(self, session: Session, operation: etree._Element) -> tuple[list[str], int]:
        rest = session.unread.pop(xml.text(operation, "token"), None)
        if rest is None:
            raise VimFault("InvalidArgument", "<invalidProperty>token</invalidProperty>")
        return rest

    def _do_ContinueRetrievePropertiesEx(
        self, session: Session, _this: Ref, operation: etree._Element, _request: Request
    ) -> str:
        return self._page(session, *self._take(session, operation))

    def _do_CancelRetrievePropertiesEx(
        self, session: Session, _this: Ref, operation: etree._Element, _request: Request
    ) -> str:
        self._take(session, operation)
        return ""

    # -- update sets

    def _do_CreatePropertyCollector(self, session: Session, *_more: object) -> str:
        ref = Ref("PropertyCollector", f"session[{session.key}]{uuid.uuid4()}")
        session.collectors[ref] = Collector(ref)
        return xml.reference("returnval", ref)

    def _collector(self, session: Session, this: Ref) -> Collector:
        if this not in session.collectors:
            raise VimFault("ManagedObjectNotFound", xml.reference("obj", this))
        return session.collectors[this]

    def _do_DestroyPropertyCollector(self, session: Session, this: Ref, *_more: object) -> str:
        self._collector(session, this).cancelled.set()
        del session.collectors[this]
        return ""

    def _do_CreateFilter(self, session: Session, this: Ref, operation: etree._Element, _request: Request) -> str:
        if xml.text(operation, "partialUpdates") != "false":
            raise VimFault("NotSupported")
        collector = self._collector(session, this)
        spec = read_spec(xml.every(operation, "spec")[0], session.views)
        target = Filter(Ref("PropertyFilter", f"session[{session.key}]{uuid.uuid4()}"), spec)
        collector.filters.append(target)
        return xml.reference("returnval", target.ref)

    def _do_WaitForUpdatesEx(self, session: Session, this: Ref, operation: etree._Element, request: Request) -> str:
        collector = self._collector(session, this)
        options = xml.every(operation, "options")
        seconds = most = None
        if options and xml.has(options[0], "maxWaitSeconds"):
            seconds = float(xml.text(options[0], "maxWaitSeconds"))
        if options and xml.has(options[0], "maxObjectUpdates"):
            most = int(xml.text(options[0], "maxObjectUpdates"))
        if self.page is not None:
            most = min(most or self.page, self.page)
        version = xml.text(operation, "version")
        return wait(collector, self.reader, session.views, version, seconds, most, request.stopping)

    def _do_CancelWaitForUpdates(self, session: Session, this: Ref, *_more: object) -> str:
        self._collector(session, this).cancelled.set()
        return ""
