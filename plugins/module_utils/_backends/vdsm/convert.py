# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From VDSM's answers to the model. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    FactValue,
    Guest,
    GuestState,
    Host,
    Skipped,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

# All that there are. Those of a guest that is just coming in count as shut off: it runs on the host that it leaves.
STATES = {
    "Up": GuestState.RUNNING,
    "Paused": GuestState.PAUSED,
    "Powering down": GuestState.SHUTTING_DOWN,
    "Migration Source": GuestState.SHUTTING_DOWN,
    "Down": GuestState.SHUT_OFF,
    "Migration Destination": GuestState.SHUT_OFF,
    "RebootInProgress": GuestState.SHUT_OFF,
    "Restoring state": GuestState.SHUT_OFF,
    "Saving State": GuestState.SHUT_OFF,
    "WaitForLaunch": GuestState.SHUT_OFF,
    "Powering up": GuestState.SHUT_OFF,
}
# What virt-who reports for hosts of oVirt.
TYPE = "qemu"


def convert_guests(rows: t.Sequence[t.Any], stats: t.Sequence[t.Any]) -> tuple[list[Guest], list[Skipped]]:
    """The guests of Host.getVMList.

    Args:
        rows: objects with vmId and status, or plain ids as before 4.0.
        stats: those of Host.getAllVmStats, which know the names, and the states that plain ids lack; may be empty.

    Returns:
        the guests, and the rows that are none.
    """
    known = {row.get("vmId"): row for row in stats if isinstance(row, dict) and isinstance(row.get("vmId"), str)}
    guests: list[Guest] = []
    skipped: list[Skipped] = []
    for number, row in enumerate(rows, 1):
        found = row if isinstance(row, dict) else {"vmId": row}
        uuid = found.get("vmId")
        if not isinstance(uuid, str) or not uuid.strip():
            skipped.append(Skipped("guest", _name(found) or f"number {number} of the list", "no uuid: it has no vmId"))
            continue
        more = known.get(uuid, {})
        status = found.get("status", more.get("status"))
        state = STATES.get(status, GuestState.UNKNOWN) if isinstance(status, str) else GuestState.UNKNOWN
        guests.append(Guest(uuid, _name(found) or _name(more), state))
    return guests, skipped


def convert_host(
    name: str, capabilities: t.Mapping[str, t.Any], hardware: t.Mapping[str, t.Any], guests: list[Guest]
) -> Host:
    """The host, with what it tells of itself.

    Args:
        capabilities: those of Host.getCapabilities.
        hardware: that of Host.getHardwareInfo; empty where it is not known.
    """
    uuid, hardware_uuid = _text(capabilities.get("uuid")), _text(hardware.get("systemUUID"))
    told = {
        "cpu.cpu_socket(s)": _text(capabilities.get("cpuSockets")),
        "dmi.system.uuid": hardware_uuid,
        "hypervisor.type": TYPE,
        "hypervisor.version": _text(capabilities.get("software_version")),
    }
    facts: dict[str, FactValue] = {key: value for key, value in told.items() if value is not None}
    ids = {"uuid": uuid, "hwuuid": hardware_uuid, "hostname": name}
    return Host(ids=ids, uuid=uuid, name=name, facts=facts, guests=guests)


def _text(value: t.Any) -> str | None:
    """A value as text: numbers are mostly texts here, but not in every release."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    return shown(text) if text and text.lower() not in ("none", "unknown") else None


def _name(row: t.Mapping[str, t.Any]) -> str | None:
    name = row.get("vmName")
    if not isinstance(name, str) or not name:
        return None
    # JSON can write halves of characters, which nothing after it could write again.
    return name if name.isascii() else name.encode("utf-8", "replace").decode("utf-8")
