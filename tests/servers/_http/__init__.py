# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The base of every HTTP test server: sockets, requests, the log, routes and faults.

A server is a function from :class:`Request` to :class:`Response` handed to :class:`HttpServer`::

    with HttpServer(lambda request: Response.json({"path": request.path})) as server:
        server.faults.add(faults.hang(), method="GET", path=r"/status/?")
        requests.get(server.url + "/status", timeout=1)
        assert server.log.paths() == ["/status"]
"""

from __future__ import annotations

from . import faults
from .faults import FaultPlan
from .log import LogEntry, RequestLog
from .message import ClientCertificate, Connection, Request, Response
from .router import Router, RouteTable
from .server import HttpServer

__all__ = [
    "ClientCertificate",
    "Connection",
    "FaultPlan",
    "HttpServer",
    "LogEntry",
    "Request",
    "RequestLog",
    "Response",
    "RouteTable",
    "Router",
    "faults",
]
