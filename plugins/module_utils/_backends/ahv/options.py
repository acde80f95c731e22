# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend ahv. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    PROXY,
    TIMEOUT,
    TLS,
    OptionGroup,
    from_environment,
)

PORT = 9440
OPTIONS = (
    OptionGroup(
        {
            "server": from_environment("AHV_SERVER", type="str", required=True),
            "port": {"type": "int", "default": PORT},
            "username": from_environment("AHV_USERNAME", type="str", required=True),
            "password": from_environment("AHV_PASSWORD", type="str", required=True, no_log=True),
            "prism_central": {"type": "bool", "default": False},
        }
    )
    + TIMEOUT
    + TLS
    + PROXY
)
