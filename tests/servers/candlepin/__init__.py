# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""An in-memory Candlepin: the receiver of hypervisor check-ins in all the forms that are in use.

State and rules (no HTTP): :mod:`.model`, :mod:`.store`, :mod:`.mapping`, :mod:`.checkin`, :mod:`.limits`,
:mod:`.ownership`, :mod:`.registration`, :mod:`.jobs`. The API: :mod:`.app` and ``routes_*``. What differs between
installations: :mod:`.flavours`; Katello in front: :mod:`.katello`.
"""

from __future__ import annotations

from .faults import api_error, cannot_schedule, gone_elsewhere, user_service_down
from .flavours import FLAVOURS, Flavour
from .server import CandlepinServer, Registered

__all__ = [
    "FLAVOURS",
    "CandlepinServer",
    "Flavour",
    "Registered",
    "api_error",
    "cannot_schedule",
    "gone_elsewhere",
    "user_service_down",
]
