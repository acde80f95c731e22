# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Windows host with Hyper-V: WS-Management over HTTP or HTTPS, as pywinrm and virt-who speak it."""

from __future__ import annotations

from . import faults
from .authentication import Accounts
from .enumerations import Habits
from .faults import Fault
from .model import PLANNED, REALIZED, SNAPSHOT, V1, V2, Cluster, Host, Machine, braced, in_other_order
from .server import PATH, HyperVServer, action_of, plain_body

__all__ = [
    "PATH",
    "PLANNED",
    "REALIZED",
    "SNAPSHOT",
    "V1",
    "V2",
    "Accounts",
    "Cluster",
    "Fault",
    "Habits",
    "Host",
    "HyperVServer",
    "Machine",
    "action_of",
    "braced",
    "faults",
    "in_other_order",
    "plain_body",
]
