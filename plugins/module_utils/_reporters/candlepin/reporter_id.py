# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The name under which a reporter's hypervisors are kept alive. Private to this collection."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput

LONGEST = 255
_MACHINE_ID = Path("/etc/machine-id")


def reporter_id(option: str | None, machine_id: Path = _MACHINE_ID) -> str:
    """The reporter id: as given, else virt-who's ``<host name>-<machine id>``, or the host name without a machine id.

    Raises:
        InvalidInput: the one that was given is empty or too long; Candlepin would fail every host because of it.
    """
    if option is None:
        try:
            machine = machine_id.read_text(encoding="ascii", errors="ignore").strip()
        except OSError:
            machine = ""  # containers and minimal systems have none
        # systemd writes "uninitialized" into images that have not booted yet: no id of this machine.
        known = re.fullmatch(r"[0-9a-f]{32}", machine) is not None
        return (f"{socket.gethostname()}-{machine}" if known else socket.gethostname())[:LONGEST]
    if not option.strip():
        raise InvalidInput("reporter_id is empty; leave it out for the name of this machine")
    if len(option) > LONGEST:
        raise InvalidInput(f"reporter_id has {len(option)} characters, Candlepin takes {LONGEST} at most")
    return option
