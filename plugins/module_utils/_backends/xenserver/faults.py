# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a failure of XAPI means to the user. Private to this collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

# The pool is busy with itself; nothing is wrong with the call.
TEMPORARY = frozenset(
    {
        "CANNOT_CONTACT_HOST",
        "DESIGNATE_NEW_MASTER_IN_PROGRESS",
        "HOST_MASTER_CANNOT_TALK_BACK",
        "HOST_OFFLINE",
        "HOST_STILL_BOOTING",
        "HOST_UNKNOWN_TO_MASTER",
        "NOT_SUPPORTED_DURING_UPGRADE",
        "TLS_CONNECTION_FAILED",
    }
)
# A member that was the coordinator a moment ago knows no session either.
SESSION_OVER = frozenset({"SESSION_INVALID", "HOST_IS_SLAVE"})
# Its queue of events was too long, or it was restarted.
EVENTS_LOST = frozenset({"EVENTS_LOST", "EVENT_FROM_TOKEN_PARSE_FAILURE"})
_REFERENCE = re.compile(r"OpaqueRef:[0-9A-Za-z-]+")


class Failure(Exception):
    """XAPI understood the call and answered with an error.

    Args:
        code: such as ``SESSION_INVALID``.
        parameters: texts that belong to it; one may be a session.
    """

    def __init__(self, code: str, parameters: t.Sequence[str]) -> None:
        super().__init__(code)
        self.code = code
        self.parameters = parameters


class SessionEnded(CannotConnect):
    """The session is over: it expired, the toolstack was restarted, or another host became the coordinator."""


class EventsLost(CannotConnect):
    """The pool no longer knows what happened since a token."""


def from_failure(failure: Failure, what: str, method: str, username: str) -> VirtmapError:
    """The error for a failure, still with all that its parameters say."""
    code, who = shown(failure.code, 60), shown(username, 60)
    if failure.code in SESSION_OVER:
        return SessionEnded(
            f"{what} ended the session at {method} ({code}), as after a restart of its toolstack or a change of the "
            "coordinator; run the task again"
        )
    if failure.code in EVENTS_LOST:
        return EventsLost(f"{what} does not know any more what happened since it was asked last ({code})")
    if failure.code == "SESSION_AUTHENTICATION_FAILED":
        return Denied(f"{what} refused the user name or password of {who} ({code}); check both")
    if failure.code == "SESSION_AUTHORIZATION_FAILED":
        return Denied(f"{what} knows {who}, but the account has no role there ({code}); give it the role read-only")
    if failure.code == "RBAC_PERMISSION_DENIED":
        return Denied(f"{what} does not allow {who} to call {method} ({code}); give the account the role read-only")
    said = f"{code}: {shown(', '.join(failure.parameters))}" if failure.parameters else code
    if failure.code in TEMPORARY:
        return CannotConnect(f"{what} is not in service now ({said}); run the task again when the pool is back")
    if failure.code == "MESSAGE_METHOD_UNKNOWN":
        return BadAnswer(f"{what} does not know {method} ({code}); check that server names a XenServer or XCP-ng host")
    return BadAnswer(f"{what} failed at {method} ({said}); look at /var/log/xensource.log there")


def without_secrets(text: str, secrets: t.Iterable[str]) -> str:
    """A sentence without these texts, and without references: that of a session lets everybody in who knows it."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _REFERENCE.sub("OpaqueRef:***", text)
