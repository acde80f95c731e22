# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""One session at a vCenter or ESXi: opened once, closed on every path. Private to this collection."""

from __future__ import annotations

import typing as t
from contextlib import contextmanager

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.faults import SessionEnded, from_fault
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.properties import read_reference
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server
from ansible_collections.virtmap.core.plugins.module_utils._transport.soap import Call, SoapClient, SoapFault

if t.TYPE_CHECKING:
    from lxml.etree import _Element

COOKIE = "vmware_soap_session"
# Cleaning up after a failure must not take as long as the failure did.
CLEAN_UP_SECONDS = 5.0
_RETURNED = f"{{{vim.NAMESPACE}}}returnval"
_NEEDED = ("rootFolder", "propertyCollector", "sessionManager", "viewManager")

Warn = t.Callable[[str], None]


class Session:
    """A session.

    Args:
        options: those of the backend.
        warn: receives one sentence for what could not be cleaned up.

    Attributes:
        source: the server as the mapping names it.
        esxi: the server is an ESXi.
        root, collector, views: the root folder, the property collector and the view manager.
    """

    def __init__(self, options: t.Mapping[str, t.Any], warn: Warn) -> None:
        server = parse_server(options["server"], port=options["port"], path=vim.PATH)
        self.source = server.authority.removesuffix(":443")
        self._username: str = options["username"]
        self._password: str = options["password"]
        self._warn = warn
        self._cookie: str | None = None
        self._http = HttpClient(
            server,
            what=f"the vCenter or ESXi {server.authority}",
            timeout=options["timeout"],
            validate_certs=options["validate_certs"],
            ca_path=options["ca_path"],
            proxy=options["proxy"],
        )
        self._soap = SoapClient(self._http, "", vim.ACTION)
        self.esxi = False
        self.root = self.collector = self.views = self._manager = vim.INSTANCE

    @property
    def what(self) -> str:
        """What the server is, with its address, for error sentences."""
        return self._http.what

    @property
    def timeout(self) -> float:
        """Seconds for one exchange."""
        return self._http.timeout

    # -- life

    def open(self) -> None:
        """Ask the server what it is, and log in. The password is tried once and never again.

        Raises:
            Denied: the user name or password is wrong.
            CannotConnect, NotFound, BadAnswer: see _transport.http_errors.
        """
        self._read_content()
        with self._stream(vim.login(self._manager, self._username, self._password), (), repeatable=False) as call:
            cookie = call.cookies.get(COOKIE)
            call.finish()
        if not cookie:
            raise BadAnswer(f"{self.what} accepted the login but set no cookie {COOKIE}; check the proxy in between")
        self._cookie = cookie

    def _read_content(self) -> None:
        content = self.call_for(vim.operation("RetrieveServiceContent", vim.INSTANCE))
        found = {name: content.find(f"{{{vim.NAMESPACE}}}{name}") for name in _NEEDED}
        kind = content.findtext(f"{{{vim.NAMESPACE}}}about/{{{vim.NAMESPACE}}}apiType")
        if kind is None or None in found.values():
            raise BadAnswer(f"{self.what} did not tell its service content; check that it is a vCenter or an ESXi")
        self.root, self.collector, self._manager, self.views = (
            read_reference(t.cast("_Element", found[name]), self.what) for name in _NEEDED
        )
        self.esxi = kind == "HostAgent"
        self._http.what = f"the {'ESXi' if self.esxi else 'vCenter'} {self._http.server.authority}"

    def close(self, after: BaseException | None = None) -> None:
        """Log out and close the connection. What fails here is told as a warning.

        Args:
            after: the error for which the session is closed.
        """
        try:
            if self._cookie is not None and not isinstance(after, SessionEnded):
                self._clean_up(vim.operation("Logout", self._manager), after, "the session may stay open there")
        finally:
            self._cookie = None
            self._http.close()

    def renew(self) -> None:
        """Log in again after the session has ended."""
        # The login would be refused while the old cookie names a session that lives after all.
        self._cookie = None
        self.open()

    @contextmanager
    def released(self, *operations: t.Callable[[], str | None]) -> t.Iterator[None]:
        """Run these calls, where they give one, at the end of the block, however it ends."""
        failure: BaseException | None = None
        try:
            yield
        except BaseException as exc:
            failure = exc
            raise
        finally:
            # A connection that does not work is not tried again for each of them; they end with the session anyway.
            if not isinstance(failure, (CannotConnect, SessionEnded)):
                for operation in operations:
                    body = operation()
                    if body is not None:
                        self._clean_up(body, failure, "it is released there when the session ends")

    def _clean_up(self, body: str, after: BaseException | None, consequence: str) -> None:
        seconds = min(CLEAN_UP_SECONDS, self.timeout) if after is not None else None
        try:
            self.call(body, timeout=seconds)
        except VirtmapError as exc:
            self._warn(f"{shown(self.what)} could not be left in order ({exc.message}); {consequence}")

    # -- calls

    def call(self, body: str, *, timeout: float | None = None) -> None:
        """Make a call whose answer holds nothing of interest.

        Raises:
            SessionEnded, Denied, NotFound, BadAnswer, CannotConnect: see .faults and _transport.http_errors.
        """
        with self._stream(body, (), timeout=timeout) as call:
            call.finish()

    def call_for(self, body: str) -> _Element:
        """Make a call and return the ``returnval`` of its answer."""
        returned = None
        with self._stream(body, (_RETURNED,)) as call:
            for element in call:
                returned = element
        if returned is None:
            raise BadAnswer(f"{self.what} answered nothing where a result was due; look at the server's log")
        return returned

    def reference_from(self, body: str) -> vim.Reference:
        """Make a call that makes an object, and return the reference to it."""
        return read_reference(self.call_for(body), self.what)

    @contextmanager
    def stream(
        self, body: str, tags: t.Sequence[str], *, repeatable: bool = True, timeout: float | None = None
    ) -> t.Iterator[Call]:
        """Make a call and read its answer while it arrives."""
        with self._stream(body, tags, repeatable=repeatable, timeout=timeout) as call:
            yield call

    def _stream(
        self, body: str, tags: t.Sequence[str], *, repeatable: bool = True, timeout: float | None = None
    ) -> Call:
        headers = {} if self._cookie is None else {"Cookie": f"{COOKIE}={self._cookie}"}
        try:
            return self._soap.call(body, tags, headers=headers, repeatable=repeatable, timeout=timeout)
        except SoapFault as fault:
            raise from_fault(fault, self.what, self._username) from fault
