# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend xenserver. Private to this collection."""

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
            "server": from_environment("XENSERVER_SERVER", type="str", required=True),
            "port": {"type": "int"},
            "username": from_environment("XENSERVER_USERNAME", type="str", required=True),
            "password": from_environment("XENSERVER_PASSWORD", type="str", required=True, no_log=True),
        }
    )
    + TIMEOUT
    + TLS
    + PROXY
)
