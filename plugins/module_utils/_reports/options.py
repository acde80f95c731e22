# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the reports. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._reports.tables import PLACEMENTS, TABLES

REPORT = OptionGroup(
    {
        "path": {"type": "path", "required": True},
        "mappings": {"type": "list", "elements": "dict", "required": True},
        "changes": {"type": "list", "elements": "dict", "default": []},
        "silent": {"type": "list", "elements": "dict", "default": []},
        "missing": {"type": "list", "elements": "dict", "default": []},
        "refresh": {"type": "bool", "default": False},
        "stale_hours": {"type": "int", "default": 26},
        "title": {"type": "str", "default": "Guests and their hypervisors"},
        "licence_guests": {"type": "list", "elements": "str", "default": []},
        "licence_pair_price": {"type": "float"},
        "licence_guest_price": {"type": "float"},
    },
    required_together=(("licence_pair_price", "licence_guest_price"),),
)
CSV = REPORT + OptionGroup(
    {
        "table": {"type": "str", "choices": sorted((*TABLES, PLACEMENTS)), "default": "guests"},
        "allow_missing": {"type": "bool", "default": False},
    }
)
