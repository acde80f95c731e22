# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Hypervisors made fit for what Candlepin can store. Private to this collection; pure.

Candlepin saves each host of a check-in in one transaction and does not clean up what it gets. One fact that is too long
loses the host, in some cases without a word in the result.
"""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.merge import VIRT_WHO_TYPE_KEY
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Hypervisor
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown, whole_number

Warn = t.Callable[[str], None]
LONGEST_ID = 255
LONGEST_NAME = 250
LONGEST_TEXT = 255
_BIGGEST_INTEGER = 2**31 - 1
# Facts that Candlepin takes only as a whole number from 0 to 2147483647, or empty.
INTEGER_FACTS = frozenset(
    {
        "cpu.core(s)_per_socket",
        "cpu.cpu(s)",
        "cpu.cpu_socket(s)",
        "lscpu.core(s)_per_socket",
        "lscpu.cpu(s)",
        "lscpu.numa_node(s)",
        "lscpu.socket(s)",
        "lscpu.thread(s)_per_core",
    }
)


class Unfit(Exception):
    """A hypervisor cannot be reported; the text is the reason."""


def hypervisor_id(hypervisor: Hypervisor) -> str:
    """The id as it is sent.

    Raises:
        Unfit: Candlepin cannot store it. It is not cut: another host might end up with the same id.
    """
    if len(hypervisor.id) > LONGEST_ID:
        raise Unfit(
            f"its id has {len(hypervisor.id)} characters, Candlepin takes {LONGEST_ID} at most; it was not sent"
        )
    if "\0" in hypervisor.id:
        raise Unfit("its id holds a NUL character, which Candlepin cannot store; it was not sent")
    return hypervisor.id


def name(hypervisor: Hypervisor, warn: Warn) -> str | None:
    """The name as it is sent, None for none."""
    if not hypervisor.name:
        return None
    text = hypervisor.name.replace("\0", "")
    if text.startswith("#"):
        text = text[1:]
    text = text[:LONGEST_NAME]
    if text != hypervisor.name:
        warn(
            f"hypervisor {shown(hypervisor.id)}: its name was changed to {shown(text)!r}; Candlepin takes "
            f"{LONGEST_NAME} characters, the first of them no #"
        )
    return text or None


def stored_name(sent_id: str, sent_name: str | None) -> str:
    """The name that Candlepin gives a new record: the one that was sent, else one made from the id."""
    return sent_name if sent_name is not None else (sent_id[1:] if sent_id.startswith("#") else sent_id)[:LONGEST_NAME]


def facts(hypervisor: Hypervisor, warn: Warn) -> dict[str, str]:
    """The facts as they are sent: texts only, each within the limits; a number that is none is left out."""
    sent: dict[str, str] = {}
    for key in sorted(hypervisor.facts):
        value = hypervisor.facts[key]
        text = (
            value
            if isinstance(value, str)
            else ("true" if value else "false")
            if isinstance(value, bool)
            else str(value)
        )
        if key in INTEGER_FACTS and text and not _is_count(text):
            warn(
                f"hypervisor {shown(hypervisor.id)}: the fact {key} was left out; it is {shown(text, 40)!r} and "
                f"Candlepin takes only a whole number from 0 to {_BIGGEST_INTEGER}"
            )
            continue
        sent_key, sent_text = _cut(key), _cut(text)
        if (sent_key, sent_text) != (key, text):
            warn(
                f"hypervisor {shown(hypervisor.id)}: the fact {shown(key, 40)} was shortened; Candlepin takes "
                f"{LONGEST_TEXT} characters and no NUL"
            )
        sent[sent_key] = sent_text
    return sent


def guests(hypervisor: Hypervisor, warn: Warn) -> list[dict[str, t.Any]] | None:
    """The guests as they are sent, sorted by id and each once; None when they are not known.

    Of several guests with one uuid an active one is sent: Candlepin would store them all and find a change at every
        run.
    """
    if hypervisor.guests is None:
        return None
    chosen: dict[str, Guest] = {}
    for guest in hypervisor.guests:
        if len(guest.uuid) > LONGEST_ID or "\0" in guest.uuid:
            warn(
                f"hypervisor {shown(hypervisor.id)}: the guest {shown(guest.name or guest.uuid, 40)} was left out; its "
                f"id has {len(guest.uuid)} characters, Candlepin takes {LONGEST_ID} and no NUL"
            )
            continue
        before = chosen.get(guest.uuid.lower())
        if before is None or (guest.state.active and not before.state.active):
            chosen[guest.uuid.lower()] = guest
    return [wire_guest(chosen[key]) for key in sorted(chosen)]


def wire_guest(guest: Guest) -> dict[str, t.Any]:
    """One guest as virt-who reports it; the guest carries virt-who's word for its backend, as _core.merge leaves it."""
    attributes = {"virtWhoType": _cut(str(guest.extra[VIRT_WHO_TYPE_KEY])), "active": int(guest.state.active)}
    return {"guestId": guest.uuid, "state": int(guest.state), "attributes": attributes}


def _is_count(text: str) -> bool:
    number = whole_number(text)
    return text.isdigit() and number is not None and number <= _BIGGEST_INTEGER


def _cut(text: str) -> str:
    clean = text.replace("\0", "")
    return clean if len(clean) <= LONGEST_TEXT else clean[: LONGEST_TEXT - 3] + "..."
