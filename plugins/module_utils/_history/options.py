# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the history. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    TIMEOUT,
    TLS,
    OptionGroup,
    from_environment,
)

QUERIES = ("guest", "moves", "silent")

STORE = (
    OptionGroup(
        {
            "path": {"type": "path"},
            "server": from_environment("HISTORY_SERVER", type="str"),
            "port": {"type": "int", "default": 5432},
            "database": {"type": "str", "default": "virtmap"},
            "username": from_environment("HISTORY_USERNAME", type="str"),
            "password": from_environment("HISTORY_PASSWORD", type="str", no_log=True),
        },
        required_one_of=(("path", "server"),),
    )
    + TIMEOUT
    + TLS
)
RECORD = STORE + OptionGroup(
    {
        "mappings": {"type": "list", "elements": "dict", "required": True},
        "keep_days": {"type": "int"},
        "allow_empty": {"type": "bool", "default": False},
    }
)
QUERY = STORE + OptionGroup(
    {
        "query": {"type": "str", "choices": list(QUERIES), "required": True},
        "guest": {"type": "str"},
        "since": {"type": "str"},
        "until": {"type": "str"},
        "silent_hours": {"type": "int", "default": 26},
    },
    required_if=(("query", "guest", ("guest",)),),
)
