# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From mappings to inventory hosts and groups. Private to this collection; pure, so that a cached answer takes the
same way as a fresh one."""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Hypervisor, Mapping

# What a guest may be called in an inventory: the name ends up in file names (fact caches, retry files) and in
# templates.
_UNFIT_FOR_HOST = re.compile(r"[^\w.@+() -]")
_UNFIT_FOR_GROUP = re.compile(r"[^A-Za-z0-9_]")
_RESERVED = frozenset({"all", "ungrouped", "localhost", "127.0.0.1", "::1"})


@dataclass
class Entry:
    """One guest as an inventory host.

    Attributes:
        groups: names of the groups that it belongs to.
        variables: its host variables.
    """

    name: str
    groups: list[str]
    variables: dict[str, t.Any]


def entries(mappings: t.Sequence[Mapping], hostnames: t.Sequence[str]) -> list[Entry]:
    """Every guest of the mappings as an inventory host, with names that are unique.

    Args:
        hostnames: keys of the guest (``name``, ``uuid`` or one that a backend adds), of which the first that has a
            value names the host.
    """
    group_names = _HypervisorGroups(mappings)
    found = []
    for mapping in mappings:
        for hypervisor in mapping.hypervisors:
            for guest in hypervisor.guests or ():
                groups = _groups(mapping, hypervisor, guest, group_names)
                found.append((guest, Entry(_wanted(guest, hostnames), groups, _variables(mapping, hypervisor, guest))))
    _make_unique(found)
    return [entry for _guest, entry in found]


def group_name(prefix: str, value: str) -> str:
    """A valid name of a group."""
    return f"{prefix}_{_UNFIT_FOR_GROUP.sub('_', value)}"


class _HypervisorGroups:
    """Names of the groups of hypervisors; where two would share one, the id is added."""

    def __init__(self, mappings: t.Sequence[Mapping]) -> None:
        pairs = {(entry.id, entry.name or entry.id) for mapping in mappings for entry in mapping.hypervisors}
        self._count = Counter(group_name("hypervisor", name) for _id, name in pairs)

    def name(self, hypervisor: Hypervisor) -> str:
        name = group_name("hypervisor", hypervisor.name or hypervisor.id)
        return name if self._count[name] == 1 else group_name(name, hypervisor.id)


def _groups(mapping: Mapping, hypervisor: Hypervisor, guest: Guest, names: _HypervisorGroups) -> list[str]:
    groups = [group_name("backend", mapping.backend), group_name("state", guest.state.word), names.name(hypervisor)]
    if hypervisor.cluster:
        groups.append(group_name("cluster", hypervisor.cluster))
    return groups


def _variables(mapping: Mapping, hypervisor: Hypervisor, guest: Guest) -> dict[str, t.Any]:
    variables = {
        **{f"virtmap_{key}": value for key, value in guest.extra.items()},
        "virtmap_uuid": guest.uuid,
        "virtmap_name": guest.name,
        "virtmap_state": guest.state.word,
        "virtmap_hypervisor": hypervisor.id,
        "virtmap_hypervisor_name": hypervisor.name,
        "virtmap_cluster": hypervisor.cluster,
        "virtmap_backend": mapping.backend,
        "virtmap_source": mapping.source,
    }
    address = guest.extra.get("address")
    if isinstance(address, str) and address:
        variables["ansible_host"] = address
    return variables


def _wanted(guest: Guest, hostnames: t.Sequence[str]) -> str:
    known = {**guest.extra, "name": guest.name, "uuid": guest.uuid}
    chosen = next((str(known[key]) for key in hostnames if known.get(key)), guest.uuid)
    return fit_for_host(chosen) or fit_for_host(guest.uuid)


def fit_for_host(text: str) -> str:
    """A name that is fit for an inventory host, as near to the text as that allows."""
    name = _UNFIT_FOR_HOST.sub("_", text).strip()
    return f"_{name[1:]}" if name.startswith((".", "-")) else name


def _make_unique(found: list[tuple[Guest, Entry]]) -> None:
    """Add the uuid to names that two guests share or that mean something else to Ansible, then a number to what is
    still the same."""
    counts = Counter(entry.name.lower() for _guest, entry in found)
    taken = {name.lower() for _guest, entry in found for name in entry.groups} | _RESERVED
    for guest, entry in found:
        if counts[entry.name.lower()] > 1 or entry.name.lower() in taken:
            uuid = fit_for_host(guest.uuid)
            entry.name = uuid if entry.name == uuid and entry.name.lower() not in taken else f"{entry.name}_{uuid}"
    used: set[str] = set()
    numbers: Counter[str] = Counter()
    for _guest, entry in found:
        name = entry.name
        while entry.name.lower() in used or entry.name.lower() in taken:
            # A guest may be called like what another one has just become.
            numbers[name.lower()] += 1
            entry.name = f"{name}_{numbers[name.lower()] + 1}"
        used.add(entry.name.lower())
