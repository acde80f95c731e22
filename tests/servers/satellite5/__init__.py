# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Satellite 5 (Spacewalk, early Uyuni) on loopback: ``/rpc/api`` and ``/XMLRPC``.

::

    with Satellite5Server() as server:
        api = xmlrpc.client.ServerProxy(server.url + "/rpc/api")
        key = api.auth.login("admin", "secret123")
"""

from __future__ import annotations

from .rpc import value_of
from .rpc_faults import answering, calling, failing, rewritten
from .server import Satellite5Server

__all__ = ["Satellite5Server", "answering", "calling", "failing", "rewritten", "value_of"]
