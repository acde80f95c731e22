# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the refusals of an engine mean for the user. Private to this collection."""

from __future__ import annotations

import json
import re
import typing as t
from xml.sax.saxutils import unescape

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Denied, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport import http_errors

# Statuses whose body may be a fault of the engine's; all others have no sentence of its own.
STATUSES = (400, 401, 403, 404, 409, 500)
LARGEST = http_errors.MESSAGE_BYTES
_SENTENCE = re.compile(r"<(detail|reason)>\s*([^<]+?)\s*</\1>")


def refusal(status: int, headers: t.Mapping[str, str], body: bytes, what: str, request: str) -> VirtmapError:
    """The error for an answer that says no.

    Args:
        headers: names in lower case.
        body: its beginning.
        request: method and path.
    """
    said = sentence(body)
    told = json.dumps({"detail": said}).encode() if said else body
    return http_errors.from_response(status, headers, told, what, request, None)


def sentence(body: bytes) -> str:
    """What a fault says; empty when the body is none."""
    text = body.decode("utf-8", "replace")
    if "<fault" not in text:
        return ""
    found = {name: unescape(said) for name, said in _SENTENCE.findall(text)}
    return found.get("detail") or found.get("reason") or ""


def login_refused(document: t.Mapping[str, t.Any], what: str, username: str, password: str) -> Denied:
    """The error for a login that the single sign-on refused.

    Args:
        document: its answer, in the words of the engine (``error_code``, ``error``) or of OpenID (``error``,
            ``error_description``).
        password: never shown, even where the answer repeats it.
    """
    said = str(document.get("error_description") or document.get("error") or document.get("error_code"))
    if password:
        said = said.replace(password, "***")
    if any(word in said.lower() for word in ("fqdn", "redirect")):
        advice = "give a name as server that the engine itself knows (SSO_ALTERNATE_ENGINE_FQDNS in its configuration)"
    elif "@" not in username:
        advice = "the user name needs its profile, as in admin@internal"
    else:
        advice = "check username with its profile, password, and whether the account is locked"
    return Denied(
        f"{shown(what)} refused the login of {shown(username)} ({shown(said)}); {advice}; it was tried once only"
    )
