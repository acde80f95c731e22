# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend esx. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    PROXY,
    TIMEOUT,
    TLS,
    OptionGroup,
    from_environment,
)

OPTIONS = (
    OptionGroup(
        {
            "server": from_environment("ESX_SERVER", type="str", required=True),
            "port": {"type": "int", "default": 443},
            "username": from_environment("ESX_USERNAME", type="str", required=True),
            "password": from_environment("ESX_PASSWORD", type="str", required=True, no_log=True),
            "uuid_order": {"type": "str", "choices": ["guest", "vcenter"], "default": "guest"},
            "include_templates": {"type": "bool", "default": True},
            "include_vcls": {"type": "bool", "default": True},
        }
    )
    + TIMEOUT
    + TLS
    + PROXY
)
