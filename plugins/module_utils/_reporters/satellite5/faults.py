# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Faults of the two endpoints as sentences for people. Private to this collection."""

from __future__ import annotations

import re

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import XmlRpcFault

NO_SUCH_CHANNEL = -210
BAD_SYSTEM_ID = -9
NO_BASE_CHANNEL = -70
IN_USE = (1200, 1201)
_CREDENTIALS = frozenset({2950, -2, -11, -12, -13, -14, -15, -700, -701})
_READ_ONLY = -702
_NO_PERMISSION = -23
_NO_SUBSCRIPTION = -71
_NO_ENTITLEMENT = frozenset({-31, -43, -90})
_PROXY = frozenset({-1000, -1001, -1002, -1003, -1004})
_SESSION_GONE = re.compile(r"Could not find session with id|Session id: \S+ is not valid")
_JAVA_CLASS = re.compile(r"^\s*(?:[a-z]\w*\.)+[A-Z]\w*: ")
_CLASS_GONE = "class xmlrpc.registration is not defined"


def session_ended(fault: XmlRpcFault) -> bool:
    """Whether the session key of a call to ``/rpc/api`` is not, or no longer, that of a session."""
    return fault.code == -1 and bool(_SESSION_GONE.search(fault.text))


def words(fault: XmlRpcFault) -> str:
    """The one line of a fault string that says what is wrong.

    ``/rpc/api`` puts the name of a Java class in front; ``/XMLRPC`` sends several lines with an explanation.
    """
    text = _JAVA_CLASS.sub("", fault.text.strip()).removeprefix("unhandled internal exception: ")
    lines = [line.strip() for line in text.splitlines()]
    for begin in ("Error Message:", "Error Class Info:"):
        for index, line in enumerate(lines):
            if line.startswith(begin):
                told = [line[len(begin) :].strip(), *lines[index + 1 :]]
                return shown(next((part for part in told if part), ""))
    return shown(" ".join(line for line in lines if line))


def sentence(fault: XmlRpcFault, what: str, method: str) -> VirtmapError:
    """The error for a fault.

    Args:
        what: the server, as the beginning of the sentence.
    """
    code, text = fault.code, words(fault)
    said = f"(fault {code}: {text})"
    if code in _CREDENTIALS:
        return Denied(f"{what} refused the user name or password {said}; check username and password")
    if code == _READ_ONLY or "read-only API users" in text:
        return Denied(f"{what} lets this user only read {said}; take a user that may register systems")
    if code == _NO_PERMISSION or "do not have permissions" in text or "is not available to user" in text:
        return Denied(f"{what} does not allow this user to call {method} {said}; give the user the role for it")
    if code == NO_BASE_CHANNEL:
        return NotFound(
            f"{what} has no base channel for hypervisors {said}; let an organisation administrator run this "
            "once, who may set the distribution channel map of release unknown and architecture x86_64"
        )
    if code == _NO_SUBSCRIPTION:
        return Denied(f"{what} does not let this user subscribe systems to the channel of the hypervisors {said}")
    if code in _NO_ENTITLEMENT:
        return Denied(f"{what} has no entitlement left for another hypervisor {said}; free one or add some")
    if code == BAD_SYSTEM_ID:
        return Denied(f"{what} does not take the system id of this hypervisor {said}; look at its profile there")
    if code in _PROXY:
        return CannotConnect(f"the Spacewalk proxy in front of {what} failed {said}; look at its log")
    if _CLASS_GONE in fault.text:
        return NotFound(
            f"{what} no longer registers hypervisors {said}; Uyuni does since version 2024.07 only through its own "
            "virtual host managers, so use those there"
        )
    if "IMPORTANT MESSAGE FOLLOWS" in fault.text:
        return CannotConnect(f"{what} is out of service and answers every call with a message {said}")
    return BadAnswer(f"{what} answered {method} with an error {said}; look at the server's log")
