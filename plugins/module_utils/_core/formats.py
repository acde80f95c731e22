# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""virt-who's print format, written and read. Private to this collection.

The format is the output of ``virt-who --print`` and the input of its fake backend. Two styles of keys exist: since
virt-who 0.31.5
``hypervisorId`` and ``guestIds``, before ``uuid`` and ``guests``. Both are read.
"""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import VIRT_WHO_TYPE_KEY, virt_who_type
from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    FactValue,
    Guest,
    GuestState,
    Hypervisor,
    Mapping,
    Skipped,
    is_fact,
    utc_now,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown


def guest_to_virt_who(guest: Guest, word: str) -> dict[str, t.Any]:
    """One guest as virt-who prints and reports it; ``word`` is virt-who's word for the backend."""
    attributes = {"virtWhoType": word, "active": int(guest.state.active)}
    return {"guestId": guest.uuid, "state": int(guest.state), "attributes": attributes}


def to_virt_who(mappings: t.Iterable[Mapping], old_keys: bool = False) -> dict[str, t.Any]:
    """Mappings as virt-who prints them.

    Args:
        old_keys: write the keys that virt-who had before 0.31.5.

    Returns:
        ``{"hypervisors": [...]}``; ``name`` and ``facts`` are left out where there are none, the guests where they
        are not known.
    """
    printed = []
    for mapping in mappings:
        for hypervisor in mapping.hypervisors:
            entry: dict[str, t.Any] = {}
            entry["uuid" if old_keys else "hypervisorId"] = (
                hypervisor.id if old_keys else {"hypervisorId": hypervisor.id}
            )
            if hypervisor.name:
                entry["name"] = hypervisor.name
            if hypervisor.guests is not None:
                guests = [
                    guest_to_virt_who(guest, virt_who_type(mapping.backend, guest)) for guest in hypervisor.guests
                ]
                entry["guests" if old_keys else "guestIds"] = sorted(guests, key=_printed_order)
            if hypervisor.facts:
                entry["facts"] = dict(hypervisor.facts)
            printed.append(entry)
    return {"hypervisors": printed}


def _printed_order(guest: dict[str, t.Any]) -> tuple[str, int, str]:
    """By what is printed, so that a document that is read and printed again is the same."""
    return (guest["guestId"], guest["state"], guest["attributes"]["virtWhoType"])


def is_virt_who(document: object) -> bool:
    """Whether a document is in virt-who's format rather than in that of a mapping."""
    return isinstance(document, dict) and "backend" not in document and "hypervisors" in document


def from_virt_who(document: object, source: str) -> Mapping:
    """Read virt-who's print format as one mapping of backend ``file``.

    Entries that are broken are left out and named in ``skipped``; so is the list that a virt-who on a hypervisor
    prints for its own
    host, which has no hypervisor id.

    Args:
        source: what to call the source of the mapping, a file name for example.

    Raises:
        InvalidInput: the document as a whole is not in this format.
    """
    if not isinstance(document, dict) or not isinstance(document.get("hypervisors"), list):
        raise InvalidInput(
            f"{source} is not in virt-who's format: it must be a dictionary with a list under 'hypervisors'"
        )
    mapping = Mapping("file", source, utc_now(), [])
    for index, entry in enumerate(document["hypervisors"]):
        place = f"hypervisors[{index}]"
        try:
            mapping.hypervisors.append(_hypervisor(entry, place, mapping.skipped))
        except InvalidInput as exc:
            mapping.skipped.append(Skipped("host", _best_name(entry, place), exc.message))
    return mapping


def _hypervisor(entry: object, place: str, skipped: list[Skipped]) -> Hypervisor:
    if not isinstance(entry, dict):
        raise InvalidInput("it is not a dictionary")
    found = entry.get("hypervisorId", entry.get("uuid"))
    if isinstance(found, dict):
        found = found.get("hypervisorId")
    if found is None:
        raise InvalidInput("it has no hypervisor id; a virt-who that reports its own host prints such a list")
    if not isinstance(found, str) or not found.strip():
        raise InvalidInput("its hypervisor id is not a text")
    name, facts = entry.get("name"), entry.get("facts")
    if name is not None and not isinstance(name, str):
        raise InvalidInput("its name is not a text")
    if facts is not None and not isinstance(facts, dict):
        raise InvalidInput("its facts are not a dictionary")
    guests = entry.get("guestIds", entry.get("guests"))
    if guests is not None and not isinstance(guests, list):
        raise InvalidInput("its guests are not a list")
    told: dict[str, FactValue] = {str(key): value for key, value in (facts or {}).items() if is_fact(value)}
    uuid = told.get("dmi.system.uuid")
    return Hypervisor(
        id=found,
        uuid=uuid if isinstance(uuid, str) else None,
        name=name,
        cluster=str(told["hypervisor.cluster"]) if "hypervisor.cluster" in told else None,
        facts=told,
        guests=None if guests is None else _guests(guests, f"{place} ({shown(name or found)})", skipped),
    )


def _guests(entries: list[t.Any], host: str, skipped: list[Skipped]) -> list[Guest]:
    guests = []
    for index, entry in enumerate(entries):
        uuid = entry.get("guestId") if isinstance(entry, dict) else entry
        if not isinstance(uuid, str) or not uuid.strip():
            skipped.append(Skipped("guest", f"guest {index} of {host}", "it has no guest id"))
            continue
        guest = Guest(uuid)
        if isinstance(entry, dict):
            state, attributes = entry.get("state"), entry.get("attributes")
            guest.state = GuestState.from_number(state) if isinstance(state, int) else GuestState.UNKNOWN
            word = attributes.get("virtWhoType") if isinstance(attributes, dict) else None
            if isinstance(word, str) and word:
                guest.extra[VIRT_WHO_TYPE_KEY] = word
        guests.append(guest)
    return guests


def _best_name(entry: object, place: str) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) and name else place
