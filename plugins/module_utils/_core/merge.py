# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Several mappings made one report. Private to this collection."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from dataclasses import dataclass, replace

from ansible_collections.virtmap.core.plugins.module_utils._core.compare import (
    Conflict,
    guests_seen_twice,
    system_uuids_seen_twice,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    Guest,
    Hypervisor,
    Mapping,
    sort_guests,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown

# virt-who's word for each backend; receivers and their reports know these words.
VIRT_WHO_TYPES = {
    "libvirt": "libvirt",
    "esx": "esx",
    "hyperv": "hyperv",
    "xenserver": "xen",
    "ovirt": "rhevm",
    "vdsm": "vdsm",
    "kubevirt": "kubevirt",
    "ahv": "ahv",
    "file": "fake",
}
# The key under which a guest carries virt-who's word when it is not that of its mapping's backend (the file backend
# sets it).
VIRT_WHO_TYPE_KEY = "virt_who_type"


def virt_who_type(backend: str, guest: Guest) -> str:
    """The value of ``attributes.virtWhoType`` for a guest of a mapping of this backend."""
    return str(guest.extra.get(VIRT_WHO_TYPE_KEY) or VIRT_WHO_TYPES[backend])


@dataclass
class Merged:
    """The union of several mappings.

    Attributes:
        hypervisors: one for each id, in stable order; every guest carries its virt-who word under VIRT_WHO_TYPE_KEY.
        conflicts: what the mappings contradict each other in.
    """

    hypervisors: list[Hypervisor]
    conflicts: list[Conflict]


def merge(mappings: t.Sequence[Mapping]) -> Merged:
    """Unite mappings into one report.

    A hypervisor that several sources know is reported once: guests united, name and facts of the newest answer. When
    one of the
    sources does not know its guests, they stay unknown: the union would pass off a part as the whole.
    """
    found: dict[str, list[tuple[Mapping, Hypervisor]]] = defaultdict(list)
    for mapping in mappings:
        for hypervisor in mapping.hypervisors:
            found[hypervisor.id.lower()].append((mapping, hypervisor))
    hypervisors: list[Hypervisor] = []
    conflicts: list[Conflict] = []
    for key in sorted(found):
        # Stable: of two answers of the same second the later one in the list counts as the newer.
        answers = sorted(found[key], key=lambda answer: answer[0].collected_at)
        hypervisors.append(_unite(answers))
        if len(answers) > 1:
            conflicts.append(_several_sources(key, answers))
    conflicts += guests_seen_twice([Mapping("file", "", "", hypervisors)])
    conflicts += system_uuids_seen_twice(hypervisors)
    return Merged(hypervisors, conflicts)


def _unite(answers: list[tuple[Mapping, Hypervisor]]) -> Hypervisor:
    """One hypervisor out of several answers, oldest first."""
    newest = answers[-1][1]
    if any(hypervisor.guests is None for _mapping, hypervisor in answers):
        return replace(newest, guests=None)
    if len(answers) == 1:
        return replace(newest, guests=[_with_type(answers[0][0], guest) for guest in sort_guests(newest.guests or ())])
    united: dict[str, list[Guest]] = {}
    for mapping, hypervisor in answers:
        own: dict[str, list[Guest]] = defaultdict(list)
        for guest in hypervisor.guests or ():
            own[guest.uuid.lower()].append(_with_type(mapping, guest))
        united.update(own)
    return replace(newest, guests=sort_guests(guest for guests in united.values() for guest in guests))


def _with_type(mapping: Mapping, guest: Guest) -> Guest:
    # Not replace(), which takes several times as long: this runs once for each of 40,000 guests.
    extra = {**guest.extra, VIRT_WHO_TYPE_KEY: virt_who_type(mapping.backend, guest)}
    return Guest(guest.uuid, guest.name, guest.state, extra)


def _several_sources(key: str, answers: list[tuple[Mapping, Hypervisor]]) -> Conflict:
    sources = [mapping.source for mapping, _hypervisor in answers]
    message = (
        f"the hypervisor {shown(key)} comes from {len(sources)} answers ({listed(sources)}); its guests were united"
    )
    if any(hypervisor.guests is None for _mapping, hypervisor in answers):
        message = (
            f"the hypervisor {shown(key)} comes from {len(sources)} answers ({listed(sources)}), and one of them "
            "does not know its guests; the guests that the receiver holds are left alone"
        )
    return Conflict("hypervisor_from_two_sources", key, sources, message)
