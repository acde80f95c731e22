# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the faults of the vSphere API mean for the user. Private to this collection.

A fault is told by the type of its detail; its sentence is in the server's language.
"""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.soap import SoapFault

NOT_AUTHENTICATED = "NotAuthenticated"
READ_ONLY = "give it the role Read-only on the root folder of the vCenter, propagating to all below"


class SessionEnded(Denied):
    """The session has expired, or an administrator has ended it."""


class NoRight(Denied):
    """The account lacks a right on an object.

    Attributes:
        object_id: id of the object; empty when the server does not tell.
    """

    def __init__(self, message: str, object_id: str) -> None:
        super().__init__(message)
        self.object_id = object_id


class BadToken(BadAnswer):
    """The server does not accept an argument, for example the token of a page."""


class Cancelled(VirtmapError):
    """A call was ended by another one of ours."""


def from_fault(fault: SoapFault, what: str, username: str) -> VirtmapError:
    """The error for a fault.

    Args:
        what: the server, for the sentence.
        username: the account, for the sentence.
    """
    what, account = shown(what), shown(username)
    says = f": {shown(fault.sentence)}" if fault.sentence else ""
    kind = shown(fault.kind or "an unnamed fault")
    if fault.kind == "InvalidLogin":
        return Denied(
            f"{what} refused the login of {account} ({kind}{says}); check username and password and whether the "
            "account is locked; it was tried once only"
        )
    if fault.kind == NOT_AUTHENTICATED:
        return SessionEnded(f"{what} ended the session of {account} ({kind}{says}); run the task again")
    if fault.kind == "NoPermission":
        target = fault.members.get("object", "")
        right = shown(fault.members.get("privilegeId") or "a right")
        return NoRight(f"{what} denies {account} {right} on {shown(target) or 'an object'}; {READ_ONLY}", target)
    if fault.kind in ("ManagedObjectNotFound", "NotFound"):
        target = shown(fault.members.get("obj") or "an object")
        return NotFound(f"{what} no longer knows {target} ({kind}{says}); run the task again")
    if fault.kind in ("InvalidArgument", "InvalidCollectorVersion"):
        return BadToken(f"{what} refused a call ({kind}{says}); run the task again, and look at the server's log")
    if fault.kind == "RequestCanceled":
        return Cancelled(f"{what} was told to end a call that waits")
    if fault.kind in ("HostCommunication", "HostNotConnected"):
        return CannotConnect(f"{what} has lost the connection to a host ({kind}{says}); check the host")
    return BadAnswer(f"{what} failed at a call ({kind}{says}); look at the server's log")
