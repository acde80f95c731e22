# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Prism: who may ask, which API answers."""

from __future__ import annotations

import re
import typing as t
import uuid
from functools import partial

from .._http import HttpServer, Request, Response
from . import v2, v3, v4
from .model import Prism, Refused

COOKIE = "NTNX_IGW_SESSION"


class AhvServer(HttpServer):
    """A Prism Element, or with ``central`` a Prism Central, on loopback.

    ::

        with AhvServer(prism, central=True, v4=False) as server:
            ...
            assert server.log.calls() == ["GET /api/vmm/v4.0/ahv/config/vms", "POST /api/nutanix/v3/vms/list", ...]

    Attributes:
        sessions: the cookies that are good. Basic authentication is taken in any case, but a cookie that is not among
            them is refused where ``strict_cookies`` is set.
        logins: how often name and password were looked at.
    """

    def __init__(
        self,
        prism: Prism,
        *,
        user: str = "virtmap",
        password: str = "secret",
        central: bool = False,
        has_v3: bool = True,
        has_v4: bool = True,
        strict_cookies: bool = False,
        **options: t.Any,
    ) -> None:
        """``has_v3`` and ``has_v4`` say which of these APIs this release has; v4 is a Central's only."""
        super().__init__(self._answer, **options)
        self.prism = prism
        self.user = user
        self.password = password
        self.central = central
        self.has_v3 = has_v3
        self.has_v4 = has_v4 and central
        self.strict_cookies = strict_cookies
        self.sessions: set[str] = set()
        self.logins = 0

    def end_sessions(self) -> None:
        """No cookie is good any longer."""
        self.sessions.clear()

    def _answer(self, request: Request) -> Response:
        refusal, respond = self._api(request.path)
        if respond is None:
            return Response.text("<html><body>404 Not Found</body></html>", 404, "text/html")
        try:
            cookie = self._admit(request)
            response = respond(request)
        except Refused as refused:
            return refusal(refused)
        if response is None:
            return refusal(Refused(404, "ENTITY_NOT_FOUND", "there is no such resource"))
        if cookie:
            response.headers.append(("Set-Cookie", f"{COOKIE}={cookie}; Path=/; Secure; HttpOnly"))
            response.headers.append(("Set-Cookie", f"JSESSIONID={cookie[:8]}; Path=/PrismGateway; HttpOnly"))
        return response

    def _api(self, path: str) -> tuple[t.Callable[[Refused], Response], t.Callable[[Request], Response | None] | None]:
        """How the API of this path refuses and answers; no answer for a path of no API that is there."""
        for prefix in v2.PREFIXES:
            if path.startswith(f"{prefix}/"):
                return v2.refusal, partial(v2.answer, self.prism, self.central, path[len(prefix) + 1 :].rstrip("/"))
        if path.startswith(f"{v3.PREFIX}/") and self.has_v3:
            return v3.refusal, partial(v3.answer, self.prism, self.central, path[len(v3.PREFIX) + 1 :])
        if path in v4.PATHS and self.has_v4:
            return v4.refusal, partial(v4.answer, self.prism, v4.PATHS[path])
        return v2.refusal, None

    def _admit(self, request: Request) -> str | None:
        """Check who asks; the new cookie to hand out, None when the request came with a good one."""
        found = re.search(rf"\b{COOKIE}=([^;\s]+)", request.header("Cookie"))
        if found and found[1] in self.sessions:
            return None
        if found and self.strict_cookies:
            raise Refused(401, "AUTHENTICATION_REQUIRED", "Session expired.")
        self.logins += 1
        if request.basic_auth() != (self.user, self.password):
            raise Refused(401, "AUTHENTICATION_REQUIRED", "Authentication required.")
        cookie = uuid.uuid4().hex
        self.sessions.add(cookie)
        return cookie
