# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the database columns and the fact validator take.

A check-in stores what came, so that too long a value breaks the host; registration and PUT sanitise first.
"""

from __future__ import annotations

import typing as t

from .model import ReportedHost

MAX_ID = 255
MAX_NAME = 250
MAX_FACT = 255
MAX_GUEST_ID = 255
MAX_ATTRIBUTES = 255
MAX_ATTRIBUTE = 255
MAX_REPORTER = 255
MAX_INTEGER = 2**31 - 1

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


def length(text: str) -> int:
    """The length as Java counts it: UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def integer_fact_is_good(value: str) -> bool:
    """Empty, or a non-negative number of 32 bits."""
    if value == "":
        return True
    return value.isascii() and value.isdigit() and int(value) <= MAX_INTEGER


def facts_are_good(facts: t.Mapping[str, str]) -> bool:
    """Would the fact validator take them all?"""
    return all(
        length(key) <= MAX_FACT
        and length(value) <= MAX_FACT
        and (key not in INTEGER_FACTS or integer_fact_is_good(value))
        for key, value in facts.items()
    )


def sanitised_facts(facts: t.Mapping[str, str]) -> dict[str, str]:
    """What registration and PUT make of facts: long ones cut with an ellipsis, bad numbers dropped."""
    kept = {}
    for key, value in facts.items():
        if key in INTEGER_FACTS and not integer_fact_is_good(value):
            continue
        kept[_cut(key)] = _cut(value)
    return kept


def _cut(text: str) -> str:
    return text if length(text) <= MAX_FACT else text[: MAX_FACT - 3] + "..."


def host_is_storable(host: ReportedHost, reporter_id: str | None) -> bool:
    """Do id, name, guests and reporter fit their columns? (Facts are another matter.)"""
    if length(host.hypervisor_id) > MAX_ID or length(reporter_id or "") > MAX_REPORTER:
        return False
    if length(host.name or "") > MAX_NAME:
        return False
    return all(
        length(guest.guest_id) <= MAX_GUEST_ID
        and len(guest.attributes) <= MAX_ATTRIBUTES
        and all(
            length(key) <= MAX_ATTRIBUTE and length(value or "") <= MAX_ATTRIBUTE
            for key, value in guest.attributes.items()
        )
        for guest in host.guests or []
    )
