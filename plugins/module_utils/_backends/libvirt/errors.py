# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What libvirt says went wrong, as one plain sentence and the right kind of error. Private to this collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import Uri
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

# Numbers of virErrorNumber and virErrorDomain, named here so that this file needs no binding.
INTERNAL_ERROR = 1
NO_SUPPORT = 3
NO_CONNECT = 5
INVALID_ARG = 8
XML_ERROR = 27
OPERATION_DENIED = 29
SYSTEM_ERROR = 38
RPC = 39
NO_DOMAIN = 42
AUTH_FAILED = 45
CONFIG_UNSUPPORTED = 67
AUTH_CANCELLED = 79
SSH = 85
ACCESS_DENIED = 88
AUTH_UNAVAILABLE = 94
LIBSSH = 98
FROM_RPC = 7
FROM_REMOTE = 13


class Failure(t.NamedTuple):
    """An error of the library.

    Attributes:
        code: its number, 0 when the library gave none.
        domain: the number of the part of libvirt that raised it.
        text: the library's own words.
    """

    code: int
    domain: int
    text: str


class Transient(CannotConnect):
    """The daemon was away, or went away in the middle; it may be restarting."""


class Rule(t.NamedTuple):
    """Which failures mean what.

    Attributes:
        domain: None for any.
        pattern: a regular expression that is found in the text; several meanings share a code.
        advice: completes "libvirt at <source> <what>: <libvirt's words>; ".
    """

    codes: tuple[int, ...]
    domain: int | None
    pattern: str
    error: type[VirtmapError]
    what: str
    advice: str


_LOG = "look at the daemon's log"
_CERTIFICATES = (
    "check the certificates in the folder that pkipath in uri names, else /etc/pki/CA/cacert.pem, "
    "/etc/pki/libvirt/clientcert.pem and /etc/pki/libvirt/private/clientkey.pem"
)
_SSH = (
    "check that the user who runs this task can log in there with ssh without being asked for anything, "
    "that the host key is known, and that libvirt runs there"
)
_SSH_TRANSPORTS = ("ssh", "libssh", "libssh2")

# The first one that fits counts.
RULES = (
    Rule(
        (SYSTEM_ERROR,), None, r"[Pp]ermission denied|Operation not permitted", Denied,
        "does not let this user in", "run the task with become, or add the user to the group that owns the socket",
    ),
    Rule(
        (SYSTEM_ERROR,), None, r"[Cc]annot read CA certificate|Our own certificate|certificate .* (failed|is not|has)",
        InvalidInput, "was not contacted, because of the client's own certificates", _CERTIFICATES,
    ),
    Rule(
        (SYSTEM_ERROR,), None, r"TLS confirmation|TLS handshake", Denied,
        "did not accept the client's certificate, or none was there", _CERTIFICATES,
    ),
    Rule(
        (SYSTEM_ERROR,), None, r"resolve address|Name or service", CannotConnect,
        "cannot be reached", "check the host name in uri",
    ),
    Rule(
        (SYSTEM_ERROR,), None, r"[Cc]annot recv data|End of file|Cannot write data|Connection reset|not connected",
        Transient, "broke off the connection", f"run the task again, and {_LOG}",
    ),
    Rule(
        (SYSTEM_ERROR,), None, "Connection refused", Transient,
        "cannot be reached", "check host and port in uri, and that the daemon runs and listens there",
    ),
    Rule(
        (SYSTEM_ERROR,), None, "", CannotConnect,
        "cannot be reached", "check uri, that the daemon runs, and that it listens there",
    ),
    Rule(
        (AUTH_FAILED,), None, r"verify peer's certificate|[Cc]ertificate", CannotConnect,
        "has a certificate that is not trusted, or one for another name", _CERTIFICATES,
    ),
    Rule(
        (AUTH_FAILED,), None, r"[Nn]o worthy mechs|mechanism", Denied,
        "offers no way to authenticate that works here",
        "set username and password, and install the SASL mechanism that the daemon offers (Debian: libsasl2-modules)",
    ),
    Rule(
        (AUTH_CANCELLED, AUTH_UNAVAILABLE, AUTH_FAILED), None, r"[Cc]ollect auth|[Cc]ancel|[Nn]o agent|credentials",
        Denied, "asks for credentials", "set username and password",
    ),
    Rule(
        (AUTH_FAILED, AUTH_CANCELLED, AUTH_UNAVAILABLE), None, "", Denied,
        "refused the credentials", "check username and password, and that the daemon knows this user",
    ),
    Rule(
        (OPERATION_DENIED, ACCESS_DENIED), None, "", Denied,
        "does not allow this", "give the user the right to read, in the access rules of the daemon",
    ),
    Rule((INVALID_ARG,), FROM_REMOTE, "", InvalidInput, "is no URI that libvirt can use", "correct uri"),
    Rule(
        (INTERNAL_ERROR,), None, r"unexpected .*URI path|URI path .* (not|un)", NotFound,
        "has no such path", "correct the path in uri; qemu has /system and /session",
    ),
    Rule(
        (NO_CONNECT,), None, "", NotFound,
        "has no driver for this kind of hypervisor", "check the driver in uri, and install libvirt's driver there",
    ),
    Rule(
        (RPC,), None, "", BadAnswer,
        "is not a libvirt daemon, or one that speaks another protocol", "check host and port in uri",
    ),
    Rule(
        (XML_ERROR,), None, "", InvalidInput,
        "cannot be read", "check that the file in uri is there and is a node file of libvirt's test driver",
    ),
    Rule(
        (INTERNAL_ERROR,), FROM_RPC, r"closed|keepalive|broken|hung up|disconnect", Transient,
        "broke off the connection", f"run the task again, and {_LOG}",
    ),
    Rule(
        (INTERNAL_ERROR,), FROM_RPC, "limit", BadAnswer,
        "has more guests than libvirt's protocol lets it list",
        "it lists at most 16384 running and as many other guests; ask the driver without the daemon if it allows that",
    ),
    Rule(
        (NO_SUPPORT,), None, "", BadAnswer,
        "cannot tell this for its kind of hypervisor", "use another way to collect these guests",
    ),
)  # fmt: skip


def explain(failure: Failure, uri: Uri, doing: str) -> VirtmapError:
    """The error for a failed call.

    Args:
        doing: what was being done, for failures that say little themselves, such as ``listing the guests``.
    """
    # The library repeats the URI in some texts, with user name and parameters.
    text = shown(" ".join(failure.text.replace(uri.text, uri.source).split())) or "no reason given"
    if uri.transport in _SSH_TRANSPORTS and failure.code in (SYSTEM_ERROR, SSH, LIBSSH):
        # Everything that goes wrong on the way has this code, with what ssh or the far side's shell said.
        return CannotConnect(f"libvirt at {shown(uri.source)} cannot be reached through ssh: {text}; {_SSH}")
    for rule in RULES:
        if _fits(rule, failure):
            return rule.error(f"libvirt at {shown(uri.source)} {rule.what}: {text}; {rule.advice}")
    return BadAnswer(f"libvirt at {shown(uri.source)} failed at {doing}: {text} (error {failure.code}); {_LOG}")


def _fits(rule: Rule, failure: Failure) -> bool:
    return (
        failure.code in rule.codes
        and rule.domain in (None, failure.domain)
        and re.search(rule.pattern, failure.text) is not None
    )
