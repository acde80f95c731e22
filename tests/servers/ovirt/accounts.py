# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Who may ask: the engine's single sign-on with its tokens, and Basic authentication."""

from __future__ import annotations

import secrets
import typing as t
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from .._http import Request, Response

SCOPE = "ovirt-app-api"
_WRONG = "Cannot authenticate user '{user}': The user name or password is incorrect."
_NO_PROFILE = "Cannot authenticate user '{user}': No valid profile found in credentials."


@dataclass
class Accounts:
    """Who is known, and which tokens live."""

    #: Passwords by user name with profile, for example ``admin@internal``.
    users: dict[str, str]
    #: Users without a right to see anything.
    without_rights: frozenset[str] = frozenset()
    #: False for RHEV 3, which has no single sign-on.
    sso: bool = True
    basic: bool = True
    #: Put the answer into a list, as some releases do.
    list_shaped: bool = False
    #: Say errors as OpenID does.
    openid: bool = False
    #: Status of a refused login.
    refusal: int = 400
    #: User names by token.
    tokens: dict[str, str] = field(default_factory=dict)

    def issue(self, user: str) -> str:
        """A token for somebody, without a login."""
        token = secrets.token_urlsafe(48)
        self.tokens[token] = user
        return token

    def expire(self) -> None:
        """No token lives any more."""
        self.tokens.clear()

    def log_in(self, request: Request) -> Response:
        """``POST /ovirt-engine/sso/oauth/token``."""
        form = _form(request)
        if form.get("scope", "") != SCOPE:
            return self._refuse("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
        if form.get("grant_type") != "password":
            return self._refuse("unsupported_grant_type", "The grant type is not supported.")
        user = form.get("username", "")
        if "@" not in user:
            return self._refuse("access_denied", _NO_PROFILE.format(user=user))
        if user not in self.users or self.users[user] != form.get("password"):
            return self._refuse("access_denied", _WRONG.format(user=user))
        answer = {
            "access_token": self.issue(user),
            "scope": SCOPE,
            "exp": "9223372036854775807",
            "token_type": "bearer",
        }
        return Response.json([answer] if self.list_shaped else answer)

    def log_out(self, request: Request) -> Response:
        """``POST /ovirt-engine/services/sso-logout``."""
        form = _form(request)
        if form.get("scope") != SCOPE or form.get("token") not in self.tokens:
            return self._refuse("invalid_grant", "The provided authorization grant for the auth code has expired.")
        del self.tokens[form["token"]]
        return Response.json({})

    def admit(self, request: Request) -> tuple[str | None, Response | None]:
        """Who asks for data, or the refusal."""
        scheme, _blank, value = request.header("Authorization").partition(" ")
        if scheme.lower() == "bearer" and self.sso and value in self.tokens:
            return self.tokens[value], None
        pair = request.basic_auth()
        if self.basic and pair is not None and self.users.get(pair[0]) == pair[1]:
            return pair[0], None
        challenges = [("WWW-Authenticate", 'Basic realm="RESTAPI"')] if self.basic else []
        challenges += [("WWW-Authenticate", 'Bearer realm="RESTAPI"')] if self.sso else []
        page = b"<html><head><title>Error</title></head><body>Unauthorized</body></html>"
        return None, Response(401, page, [("Content-Type", "text/html;charset=UTF-8"), *challenges])

    def _refuse(self, code: str, sentence: str) -> Response:
        body: dict[str, t.Any] = {"error_code": code, "error": sentence}
        if self.openid:
            body = {"error": code, "error_description": sentence}
        return Response.json([body] if self.list_shaped else body, self.refusal)


def _form(request: Request) -> dict[str, str]:
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    return {name: values[0] for name, values in parse_qs(request.body.decode("utf-8"), keep_blank_values=True).items()}
