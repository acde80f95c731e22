# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What stands in a system id: it is a secret to keep, but no secret to its owner. Private to this collection.

Wire: an XML-RPC ``<params>`` document with one struct, signed by the server.
"""

from __future__ import annotations

import re

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import read_params

# What virt-who calls the system of a hypervisor.
OS_NAME = "Hypervisor OS"
# And what it did before 2016.
_OLD_OS_NAME = "unknown"


def system_number(system_id: str) -> int:
    """The number of the profile, as ``/rpc/api`` wants it.

    Raises:
        BadAnswer: the system id cannot be read.
    """
    match = re.fullmatch(r"ID-0*([0-9]{1,18})", _member(system_id, "system_id"))
    if match is None:
        raise BadAnswer("a system id holds no number")
    return int(match.group(1))


def is_hypervisor(system_id: str) -> bool:
    """Whether the profile was made for a hypervisor: a guest may have given itself a hypervisor's name.

    Raises:
        BadAnswer: the system id cannot be read.
    """
    return _member(system_id, "operating_system") in (OS_NAME, _OLD_OS_NAME)


def _member(system_id: str, name: str) -> str:
    try:
        values = read_params(system_id.strip().encode("utf-8", "surrogatepass"))
    except ValueError as exc:
        raise BadAnswer(f"a system id cannot be read: {shown(exc)}") from exc
    return str(values.get(name, "")) if isinstance(values, dict) else ""
