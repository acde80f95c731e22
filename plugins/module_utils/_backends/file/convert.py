# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From the document in a file to the model. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.formats import from_virt_who, is_virt_who
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import VIRT_WHO_TYPE_KEY, virt_who_type
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Host, Hypervisor, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping


@dataclass
class Found:
    """What a file holds.

    Attributes:
        collected_at: when the mapping was collected; None when the format does not tell.
    """

    hosts: list[Host]
    skipped: list[Skipped]
    unplaced: list[Guest]
    extra: dict[str, t.Any]
    collected_at: str | None


def convert(document: t.Any, path: str) -> Found:
    """Read a document in virt-who's print format or in that of our own mapping.

    The ids stand in the file, so ``hypervisor_id`` makes no difference. Guests keep the word of the backend that they
    came from.

    Raises:
        InvalidInput: it is in neither format.
    """
    if is_virt_who(document):
        mapping, collected_at = from_virt_who(document, path), None
    else:
        mapping = parse_mapping(document, path)
        collected_at = mapping.collected_at
        if mapping.backend != "file":
            for hypervisor in mapping.hypervisors:
                for guest in hypervisor.guests or ():
                    guest.extra.setdefault(VIRT_WHO_TYPE_KEY, virt_who_type(mapping.backend, guest))
    hosts = [_host(hypervisor) for hypervisor in mapping.hypervisors]
    return Found(hosts, mapping.skipped, mapping.unplaced, mapping.extra, collected_at)


def _host(hypervisor: Hypervisor) -> Host:
    return Host(
        ids=dict.fromkeys(("uuid", "hwuuid", "hostname"), hypervisor.id),
        uuid=hypervisor.uuid,
        name=hypervisor.name,
        cluster=hypervisor.cluster,
        parent=hypervisor.parent,
        facts=hypervisor.facts,
        guests=hypervisor.guests,
        parents=tuple(parent for parent in (hypervisor.cluster, hypervisor.parent) if parent),
        extra=hypervisor.extra,
    )
