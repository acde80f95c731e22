# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A XenServer or XCP-ng pool: XAPI over HTTP or HTTPS, in JSON-RPC and in XML-RPC."""

from __future__ import annotations

from .model import CONTROL_DOMAIN, GUEST, SNAPSHOT, TEMPLATE, Host, Machine, Pool
from .records import NULL
from .server import Account, XenServer, failing, method_of
from .wire import Failure

__all__ = [
    "CONTROL_DOMAIN",
    "GUEST",
    "NULL",
    "SNAPSHOT",
    "TEMPLATE",
    "Account",
    "Failure",
    "Host",
    "Machine",
    "Pool",
    "XenServer",
    "failing",
    "method_of",
]
