# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Machines as guests, by the host that runs them. Pure, and private to this collection."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.properties import (
    Objects,
    Properties,
    display_name,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

STATES = {
    "poweredOn": GuestState.RUNNING,
    "suspended": GuestState.PAUSED,
    "poweredOff": GuestState.SHUT_OFF,
}
# From this hardware version on a guest sees the first three groups of its uuid with their bytes in reverse.
SWAPPED_FROM = 13
_HARDWARE = re.compile(r"vmx-([0-9]{1,9})")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_VCLS_NAME = "vcls"


@dataclass(frozen=True)
class Wishes:
    """What the options say about guests.

    Attributes:
        guest_order: give the uuid as the guest sees it, not as vCenter prints it.
        templates, vcls: report these machines.
    """

    guest_order: bool = True
    templates: bool = True
    vcls: bool = True


def place_guests(objects: Objects, wishes: Wishes, skipped: list[Skipped]) -> dict[str, list[Guest]]:
    """The guests by the id of their host, under the empty text those that have none.

    Args:
        skipped: receives the machines that are left out.
    """
    placed: dict[str, list[Guest]] = defaultdict(list)
    missing = objects.missing
    every = wishes.templates and wishes.vcls
    for ref, properties in objects.of(vim.MACHINE).items():
        name = display_name(properties)
        uuid = properties.get("config.uuid", "").strip()
        # Most machines have nothing about them that needs a second look.
        if not (uuid and every) or ref in missing:
            reason = _why_left_out(properties, missing.get(ref, {}), name, wishes)
            if reason:
                skipped.append(Skipped("guest", name or ref, reason))
                continue
        if wishes.guest_order:
            uuid = guest_uuid(uuid, properties.get("config.version", ""))
        state = STATES.get(properties.get("runtime.powerState", ""), GuestState.UNKNOWN)
        placed[properties.get("runtime.host", "")].append(Guest(uuid, name, state))
    return placed


def _why_left_out(properties: Properties, missing: dict[str, str], name: str | None, wishes: Wishes) -> str | None:
    """Why a machine cannot or shall not be reported; None when it is."""
    # Without its version the order of the uuid's bytes is not known; without its host the guest would pass for one that
    # is off.
    for path in ("config.uuid", "config.version", "runtime.host"):
        if path in missing:
            return f"{path} cannot be read ({shown(missing[path])})"
    if not properties.get("config.uuid", "").strip():
        if "config.uuid" in properties:
            return "no uuid: config.uuid is blank"
        connection = properties.get("runtime.connectionState", "unknown")
        return f"no uuid: the machine has no config, its connection state is {shown(connection)}"
    # What is asked for only when such machines are to be left out is absent otherwise.
    if not wishes.templates and properties.get(vim.TEMPLATE_PATH) == "true":
        return "a template, and include_templates is false"
    if not wishes.vcls and vim.MANAGED_BY_PATH in properties and name and name.lower().startswith(_VCLS_NAME):
        return "a machine of vSphere Cluster Services, and include_vcls is false"
    return None


def guest_uuid(uuid: str, version: str) -> str:
    """The uuid as the guest sees it in its SMBIOS.

    Args:
        uuid: as vCenter prints it.
        version: the hardware version, ``vmx-19``; when it cannot be read nothing is swapped.
    """
    if not _swaps(version) or not _UUID.fullmatch(uuid):
        return uuid
    first = uuid[6:8] + uuid[4:6] + uuid[2:4] + uuid[:2]
    return f"{first}-{uuid[11:13]}{uuid[9:11]}-{uuid[16:18]}{uuid[14:16]}{uuid[18:]}"


@lru_cache(maxsize=64)
def _swaps(version: str) -> bool:
    hardware = _HARDWARE.fullmatch(version)
    return hardware is not None and int(hardware[1]) >= SWAPPED_FROM
