# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""An oVirt or RHV engine: its REST API in versions 4 and 3, its single sign-on, and the CA that it hands out."""

from __future__ import annotations

from .accounts import Accounts
from .model import Cluster, Host, Inventory, Machine, made_id
from .server import CA_PATH, LOGIN_PATH, LOGOUT_PATH, EngineServer
from .xml import fault

__all__ = [
    "CA_PATH",
    "LOGIN_PATH",
    "LOGOUT_PATH",
    "Accounts",
    "Cluster",
    "EngineServer",
    "Host",
    "Inventory",
    "Machine",
    "fault",
    "made_id",
]
