# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend ovirt. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    PROXY,
    TIMEOUT,
    TLS,
    OptionGroup,
    from_environment,
)

OPTIONS = (
    OptionGroup(
        spec={
            "server": from_environment("OVIRT_SERVER", type="str", required=True),
            "port": {"type": "int", "default": 443},
            "username": from_environment("OVIRT_USERNAME", type="str"),
            "password": from_environment("OVIRT_PASSWORD", type="str", no_log=True),
            "token": from_environment("OVIRT_TOKEN", type="str", no_log=True),
            "page_size": {"type": "int"},
        },
        required_together=(("username", "password"),),
        required_one_of=(("token", "username"),),
        mutually_exclusive=(("token", "username"),),
    )
    + TIMEOUT
    + TLS
    + PROXY
)


def check_options(options: t.Mapping[str, t.Any]) -> None:
    """Refuse what the argument spec lets through. Nothing is contacted.

    Raises:
        InvalidInput: an option is empty or too small.
    """
    for name in ("username", "password", "token"):
        if options[name] is not None and not options[name].strip():
            raise InvalidInput(f"{name} is empty; give username and password, or a token")
    if options["page_size"] is not None and options["page_size"] < 1:
        raise InvalidInput(f"page_size is {options['page_size']}, but must be at least 1; leave it out for no pages")
