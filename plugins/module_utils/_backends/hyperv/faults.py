# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a fault of WinRM means to the user. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, Denied
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport import wsman
from ansible_collections.virtmap.core.plugins.module_utils._transport.requests_adapter import Again
from ansible_collections.virtmap.core.plugins.module_utils._transport.wsman import WsmanFault

RIGHTS = "add it to the groups Hyper-V Administrators and Remote Management Users of that host"


def from_fault(fault: WsmanFault, what: str, asked: str) -> Exception:
    """The error for a fault.

    Args:
        what: the server with its address.
        asked: what was asked for, such as ``Msvm_ComputerSystem of root/virtualization/v2``.

    Returns:
        an error of the family; wrapped in Again where a new beginning may help.
    """
    said = shown(fault.sentence)
    if fault.denied:
        return Denied(f"{what} does not let the account read {asked} ({said}); {RIGHTS}")
    if fault.timed_out:
        return CannotConnect(
            f"{what} did not find {asked} in time, asked several times ({said}); look at the load of the host, or raise timeout"
        )
    if fault.code == wsman.INVALID_CONTEXT:
        return Again(BadAnswer(f"{what} forgot how far {asked} had been read ({said}); look at the load of the host"))
    if fault.code == wsman.QUOTA:
        return Again(
            CannotConnect(
                f"{what} has too many operations of this account open ({said}); run the task again later, or raise the "
                "quotas of WinRM there"
            )
        )
    if fault.code == wsman.SHUTTING_DOWN or "0x80041033" in fault.sentence:
        return CannotConnect(f"{what} is shutting down ({said}); run the task again when it is back")
    if fault.code == wsman.ENCODING_LIMIT:
        return BadAnswer(
            f"{what} cannot send an object of {asked} in one piece ({said}); raise MaxEnvelopeSizekb of WinRM there"
        )
    number = "without a number" if fault.code is None else f"{fault.code}"
    return BadAnswer(
        f"{what} refused to read {asked} with the fault {number} ({said}); look at the host's event log of Windows Remote Management"
    )
