# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From what a host told to the model. Pure, and private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.guid import bare, seen_by_guest, swapped
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.host import V1, Told
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Host, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown, whole_number
from ansible_collections.virtmap.core.plugins.module_utils._transport.wsman import Row

# Msvm_ComputerSystem.EnabledState; the first namespace has the numbers from 32768 to 32777, the second one all.
STATES = {
    2: GuestState.RUNNING,
    3: GuestState.SHUT_OFF,
    4: GuestState.SHUTTING_DOWN,
    6: GuestState.SUSPENDED,  # enabled but offline: saved
    9: GuestState.PAUSED,  # quiesce
    10: GuestState.RUNNING,  # starting
    32768: GuestState.PAUSED,
    32769: GuestState.SUSPENDED,
    32770: GuestState.RUNNING,  # starting
    32771: GuestState.RUNNING,  # taking a checkpoint
    32773: GuestState.SHUTTING_DOWN,  # saving
    32774: GuestState.SHUTTING_DOWN,  # stopping
    32776: GuestState.PAUSED,  # pausing
    32777: GuestState.RUNNING,  # resuming
    32779: GuestState.SUSPENDED,  # fast saved
    32780: GuestState.SUSPENDED,  # fast saving
    # The same with storage that is lost ("critical").
    32781: GuestState.RUNNING,
    32782: GuestState.SHUT_OFF,
    32783: GuestState.SHUTTING_DOWN,  # stopping
    32784: GuestState.SUSPENDED,  # saved
    32785: GuestState.PAUSED,
    32786: GuestState.RUNNING,  # starting
    32787: GuestState.RUNNING,  # reset
    32788: GuestState.SHUTTING_DOWN,  # saving
    32789: GuestState.PAUSED,  # pausing
    32790: GuestState.RUNNING,  # resuming
    32791: GuestState.SUSPENDED,  # fast saved
    32792: GuestState.SUSPENDED,  # fast saving
}
_BY_TEXT = {str(number): state for number, state in STATES.items()}
TYPE = "hyperv"
_GENERATIONS: dict[str, t.Literal[1, 2]] = {"Microsoft:Hyper-V:SubType:1": 1, "Microsoft:Hyper-V:SubType:2": 2}


def convert(told: Told, guest_order: bool) -> tuple[Host, list[Skipped]]:
    """The host with its guests, and the guests that were left out.

    Args:
        guest_order: give the uuid of a guest as the guest sees it, where that is known, not as virt-who reports it.
    """
    guests, skipped = _guests(told, guest_order)
    raw_uuid = (told.uuid or "").strip()
    usable = bare(raw_uuid)
    uuid = swapped(usable) if usable else None
    hostname = (told.system.get("dnshostname") or "").strip() or None
    facts = {
        "cpu.cpu_socket(s)": (told.system.get("numberofprocessors") or "").strip(),
        "dmi.system.uuid": uuid,
        "hypervisor.type": TYPE,
        "hypervisor.version": (told.version or "").strip(),
    }
    lost = f"; its {len(guests)} guests are not reported" if guests else ""
    host = Host(
        ids={"uuid": uuid, "hostname": hostname},
        uuid=uuid,
        name=hostname or (told.system.get("name") or "").strip() or None,
        cluster=told.cluster,
        facts={key: value for key, value in facts.items() if value},
        guests=guests,
        parents=(told.cluster,) if told.cluster else (),
        missing={
            "uuid": (f"its firmware tells {shown(raw_uuid)}, which is none" if raw_uuid else "its firmware tells none")
            + lost,
            "hostname": f"Win32_ComputerSystem tells no DNSHostName{lost}",
        },
        extra={"smbios_uuid": raw_uuid or None},
    )
    return host, skipped


def state_of(number: str | None) -> GuestState:
    """The state for an EnabledState; UNKNOWN for one that is not known."""
    return _BY_TEXT.get((number or "").strip(), GuestState.UNKNOWN)


def build_of(version: str | None) -> int | None:
    """The third number of a version: 20348 of 10.0.20348.1."""
    parts = (version or "").split(".")
    return whole_number(parts[2]) if len(parts) > 2 else None


def _guests(told: Told, guest_order: bool) -> tuple[list[Guest], list[Skipped]]:
    guests: list[Guest] = []
    skipped: list[Skipped] = []
    build = build_of(told.version)
    id_name = "systemname" if told.namespace == V1 else "virtualsystemidentifier"
    for row in told.machines:
        name = row.get("elementname") or None
        vm_id = row.get(id_name) or ""
        bios_guid = bare(row.get("biosguid"))
        if bios_guid is None or not vm_id:
            skipped.append(Skipped("guest", name or vm_id or "(no name)", _why_left_out(row, bios_guid)))
            continue
        generation = _generation(row, told)
        seen = seen_by_guest(bios_guid, generation, build)
        guests.append(
            Guest(
                uuid=seen if guest_order and seen else swapped(bios_guid),
                name=name,
                state=state_of(told.states.get(vm_id.lower())),
                extra={"vm_id": vm_id, "generation": generation, "bios_guid": bios_guid, "guest_uuid": seen},
            )
        )
    return guests, skipped


def _why_left_out(row: Row, bios_guid: str | None) -> str:
    if bios_guid is not None:
        return "no id of the machine, as while it is being created"
    told = (row.get("biosguid") or "").strip()
    return (
        f"no uuid: its BIOSGUID is {shown(told)}"
        if told
        else "no uuid: it has no BIOSGUID, as while it is being created"
    )


def _generation(row: Row, told: Told) -> t.Literal[1, 2] | None:
    if told.namespace == V1:
        return 1  # there was no other
    return _GENERATIONS.get(row.get("virtualsystemsubtype") or "")
