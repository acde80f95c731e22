# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the scan. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.options import TIMEOUT, OptionGroup, from_environment
from ansible_collections.virtmap.core.plugins.module_utils._scan.decide import MODES

FORMATS = ("inventory_yaml", "xcat_stanza", "xcat_csv", "xcat")

OPTIONS = (
    OptionGroup(
        {
            "uris": {"type": "list", "elements": "str"},
            "mappings": {"type": "list", "elements": "dict"},
            "username": from_environment("LIBVIRT_USERNAME", type="str"),
            "password": from_environment("LIBVIRT_PASSWORD", type="str", no_log=True),
            "mode": {"type": "str", "choices": list(MODES), "default": "list"},
            "store": {"type": "path"},
            "store_format": {"type": "str", "choices": list(FORMATS), "default": "inventory_yaml"},
            "backup": {"type": "bool", "default": False},
        },
        mutually_exclusive=(("uris", "mappings"),),
        required_one_of=(("uris", "mappings"),),
        required_together=(("username", "password"),),
    )
    + TIMEOUT
)
