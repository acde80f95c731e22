# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the modules that talk to Candlepin. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    PROXY,
    TIMEOUT,
    OptionGroup,
    from_environment,
)

# port, prefix, validate_certs and ca_path have no default here: a value that the user did not give may come from
# rhsm_conf.
CONNECTION = (
    OptionGroup(
        {
            "server": from_environment("RHSM_SERVER", type="str"),
            "port": {"type": "int"},
            "prefix": {"type": "str"},
            "username": from_environment("RHSM_USERNAME", type="str"),
            "password": from_environment("RHSM_PASSWORD", type="str", no_log=True),
            "client_cert": {"type": "path"},
            "client_key": {"type": "path", "no_log": False},
            "rhsm_conf": {"type": "path"},
            "owner": from_environment("RHSM_OWNER", type="str"),
            "validate_certs": {"type": "bool"},
            "ca_path": {"type": "path"},
        },
        mutually_exclusive=(("username", "client_cert"),),
        required_together=(("username", "password"),),
        required_one_of=(("server", "rhsm_conf"),),
        required_by={"client_key": "client_cert"},
    )
    + PROXY
    + TIMEOUT
)

CHECKIN = CONNECTION + OptionGroup(
    {
        "mappings": {"type": "list", "elements": "dict", "required": True},
        "reporter_id": {"type": "str"},
        "mode": {"type": "str", "choices": ["auto", "async", "sync"], "default": "auto"},
        "create_missing": {"type": "bool", "default": True},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 600},
        "heartbeat": {"type": "bool", "default": True},
        "allow_empty": {"type": "bool", "default": False},
        "state_path": {"type": "path"},
        "state_max_age": {"type": "int", "default": 86400},
    }
)

GUESTS = CONNECTION + OptionGroup({"mapping": {"type": "dict", "required": True}, "consumer_uuid": {"type": "str"}})

INFO = CONNECTION + OptionGroup(
    {
        "hypervisor_ids": {"type": "list", "elements": "str", "default": []},
        "guests": {"type": "bool", "default": True},
        "stale_after": {"type": "int", "default": 86400},
    }
)

REMOVAL = CONNECTION + OptionGroup(
    {
        "state": {"type": "str", "choices": ["absent"], "required": True},
        "hypervisor_ids": {"type": "list", "elements": "str"},
        "stale_after": {"type": "int"},
        "max_removals": {"type": "int", "default": 10},
    },
    required_one_of=(("hypervisor_ids", "stale_after"),),
)
