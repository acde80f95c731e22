# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""VDSM, the daemon of an oVirt or RHEV hypervisor, on loopback: JSON-RPC over STOMP, with TLS on both sides."""

from __future__ import annotations

from . import faults
from .model import STATUSES, Host, Machine, RpcFault, fleet, made_id
from .server import Files, Habits, VdsmServer, host_pair, lay_out

__all__ = [
    "STATUSES",
    "Files",
    "Habits",
    "Host",
    "Machine",
    "RpcFault",
    "VdsmServer",
    "faults",
    "fleet",
    "host_pair",
    "lay_out",
    "made_id",
]
