# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the reporter for Satellite 5. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    PROXY,
    TIMEOUT,
    TLS,
    OptionGroup,
    from_environment,
)

SERVER = OptionGroup(
    {
        "server": from_environment("SATELLITE5_SERVER", type="str", required=True),
        "username": from_environment("SATELLITE5_USERNAME", type="str", required=True),
        "password": from_environment("SATELLITE5_PASSWORD", type="str", required=True, no_log=True),
    }
)
REPORT = OptionGroup(
    {
        "mappings": {"type": "list", "elements": "dict", "required": True},
        "systemid_dir": {"type": "path", "default": "/var/lib/virt-who"},
        "allow_empty": {"type": "bool", "default": False},
    }
)
OPTIONS = SERVER + REPORT + TIMEOUT + TLS + PROXY
