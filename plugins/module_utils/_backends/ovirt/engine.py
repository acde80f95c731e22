# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The REST API of an engine: login, lists that are read while they arrive, logout. Private to this collection."""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t
from urllib.parse import urlencode

from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt import faults
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import Answer, HttpClient, Stream
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlstream import elements

if t.TYPE_CHECKING:
    from lxml.etree import _Element

PATH = "/ovirt-engine"
API = "/api"
LOGIN = "/sso/oauth/token"
LOGOUT = "/services/sso-logout"
SCOPE = "ovirt-app-api"
# Cleaning up after a failure must not take as long as the failure did.
CLEAN_UP_SECONDS = 5.0
# Users copy the address from other tools, with the path of the API and its version.
_API_IN_PATH = re.compile(r"/api(/v[34])?$")
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

Warn = t.Callable[[str], None]


class Engine:
    """A session at an engine.

    Args:
        options: those of the backend.
        warn: receives one sentence for what could not be cleaned up.

    Attributes:
        source: the engine as the mapping names it.
    """

    def __init__(self, options: t.Mapping[str, t.Any], warn: Warn) -> None:
        server = parse_server(options["server"], port=options["port"], path=PATH)
        server = dataclasses.replace(server, path=_API_IN_PATH.sub("", server.path))
        self.source = server.authority.removesuffix(":443")
        self._warn = warn
        self._username: str | None = options["username"]
        self._password: str | None = options["password"]
        self._authorization = f"Bearer {options['token'].strip()}" if options["token"] else ""
        # A token of our own, which is taken back at the end; one that the user gave lives on.
        self._token: str | None = None
        self._renewed = False
        self._http = HttpClient(
            server,
            what=f"the oVirt engine {server.authority}",
            timeout=options["timeout"],
            validate_certs=options["validate_certs"],
            ca_path=options["ca_path"],
            proxy=options["proxy"],
        )

    @property
    def what(self) -> str:
        """What the server is, with its address, for error sentences."""
        return self._http.what

    # -- life

    def open(self) -> None:
        """Log in, unless the user gave a token. The password is tried once and never again.

        Raises:
            Denied: the user name or password is wrong.
            CannotConnect, BadAnswer: see _transport.http_errors.
        """
        if not self._authorization:
            self._log_in()

    def _log_in(self) -> None:
        form = {
            "grant_type": "password",
            "scope": SCOPE,
            "username": self._username or "",
            "password": self._password or "",
        }
        self._token = None
        answer = self._http.request(
            "POST", LOGIN, body=urlencode(form).encode(), headers=_FORM, expect=(400, 404), repeatable=False
        )
        if answer.status == 404:
            # Before 4.0 there is no single sign-on, only Basic authentication.
            pair = f"{self._username}:{self._password}".encode()
            self._authorization = f"Basic {base64.b64encode(pair).decode('ascii')}"
            return
        self._token = self._token_of(answer)
        self._authorization = f"Bearer {self._token}"

    def _token_of(self, answer: Answer) -> str:
        """The token of an answer to the login.

        Raises:
            Denied: the answer says no.
            BadAnswer: it says nothing that can be understood.
        """
        if answer.status != 200 and not answer.body.lstrip().startswith((b"{", b"[")):
            raise faults.refusal(answer.status, answer.headers, answer.body, self.what, f"POST {LOGIN}")
        document = answer.json()
        # Some releases put it into a list.
        if isinstance(document, list) and document:
            document = document[0]
        if not isinstance(document, dict):
            document = {}
        if "error" in document or "error_code" in document:
            raise faults.login_refused(document, self.what, self._username or "", self._password or "")
        token = document.get("access_token")
        if not isinstance(token, str) or not token or answer.status != 200:
            raise BadAnswer(
                f"{self.what} answered the login without a token; check that server, port and path name an engine"
            )
        return token

    def close(self, after: BaseException | None = None) -> None:
        """Take our token back and close the connection. What fails here is told as a warning.

        Args:
            after: the error for which the session is closed.
        """
        try:
            if self._token is not None:
                self._log_out(after)
        finally:
            self._token = None
            self._http.close()

    def _log_out(self, after: BaseException | None) -> None:
        body = urlencode({"scope": SCOPE, "token": self._token or ""}).encode()
        seconds = min(CLEAN_UP_SECONDS, self._http.timeout) if after is not None else None
        try:
            self._http.request("POST", LOGOUT, body=body, headers=_FORM, timeout=seconds)
        except VirtmapError as exc:
            self._warn(
                f"{shown(self.what)} could not be left in order ({exc.message}); the token lives there until it expires"
            )

    # -- lists

    def items(
        self, folder: str, tag: str, params: t.Mapping[str, t.Any] | None = None, root: str = ""
    ) -> t.Iterator[_Element]:
        """Yield the objects of a list while they arrive; each is valid until the next one is asked for.

        The list is not known to be whole before the iteration has ended.

        Args:
            folder: of the API, for example ``vms``; empty for its entry point.
            tag: of an object.
            params: the query.
            root: the outermost element, where it has another name than the folder.

        Raises:
            Denied: the account or token was refused, or lacks a right.
            CannotConnect, NotFound, BadAnswer: the engine did not answer in full.
        """
        path = f"{API}/{folder}" if folder else API
        with self._get(path, params) as stream:
            for element in elements(stream, (tag,), self.what, "the XML of an engine's API", root or folder):
                parent = element.getparent()
                if parent is None or parent.getparent() is not None:
                    raise BadAnswer(
                        f"{self.what} answered {path} with one {tag} within another; look for a newer release of this "
                        "collection"
                    )
                yield element

    def _get(self, path: str, params: t.Mapping[str, t.Any] | None) -> Stream:
        stream = self._ask(path, params)
        if stream.status == 401 and self._token is not None and not self._renewed:
            # The session ended, by its age or by an administrator. The list is asked for anew with a new one.
            self._renewed = True
            with stream:
                stream.read_some(faults.LARGEST)
            self._log_in()
            stream = self._ask(path, params)
        if stream.status >= 400:
            with stream:
                body = stream.read_some(faults.LARGEST)
            raise faults.refusal(stream.status, stream.headers, body, self.what, f"GET {path}")
        return stream

    def _ask(self, path: str, params: t.Mapping[str, t.Any] | None) -> Stream:
        headers = {
            "Accept": "application/xml",
            "Accept-Encoding": "gzip",
            "Authorization": self._authorization,
            "Version": "4",
        }
        return self._http.stream("GET", path, params=params, headers=headers, expect=faults.STATUSES)
