# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""How a server wants guests where the form is not fixed. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.connection import Candlepin


def wire_guests(server: Candlepin, guests: t.Sequence[dict[str, t.Any]]) -> list[t.Any]:
    """Guests as objects for a server that lists the resource ``guestids``, as bare ids for an older one."""
    return list(guests) if "guestids" in server.resources() else [guest["guestId"] for guest in guests]
