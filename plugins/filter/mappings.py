# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Filters on mappings."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

from ansible_collections.virtmap.core.plugins.module_utils._core import formats, guest_agents, tables
from ansible_collections.virtmap.core.plugins.module_utils._core.compare import changes
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import merge
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.packed import pack, variable_name
from ansible_collections.virtmap.core.plugins.plugin_utils._mappings import as_filter, paired, read_mappings
from ansible_collections.virtmap.core.plugins.plugin_utils._vaulted import vaulted_inventory


def to_virt_who(value: t.Any, old_keys: bool = False) -> dict[str, t.Any]:
    """A mapping or a list of mappings as virt-who prints them."""
    return formats.to_virt_who(read_mappings(value), old_keys)


def from_virt_who(value: t.Any, source: str = "virt-who") -> dict[str, t.Any]:
    """What virt-who printed as a mapping."""
    return formats.from_virt_who(value, source).to_dict()


def merge_mappings(value: t.Any) -> dict[str, t.Any]:
    """Several mappings united as they are reported, with what they contradict each other in, and their figures."""
    mappings = read_mappings(value)
    merged = merge(mappings)
    return {
        "figures": {
            "sources": len(mappings),
            "hypervisors": len(merged.hypervisors),
            "guests": sum(len(hypervisor.guests or ()) for hypervisor in merged.hypervisors),
            "skipped": sum(len(mapping.skipped) for mapping in mappings),
            "conflicts": len(merged.conflicts),
        },
        "hypervisors": [hypervisor.to_dict() for hypervisor in merged.hypervisors],
        "conflicts": [conflict.to_dict() for conflict in merged.conflicts],
    }


def to_table(value: t.Any) -> str:
    """A mapping or a list of mappings as a table for people."""
    return tables.to_table(read_mappings(value))


def to_csv(value: t.Any) -> str:
    """A mapping or a list of mappings as CSV."""
    return tables.to_csv(read_mappings(value))


def with_guest_agents(value: t.Any, agents: t.Any) -> t.Any:
    """A mapping, or a list of mappings, whose guests have what their agents told."""
    mappings = read_mappings(value)
    guest_agents.join(mappings, agents)
    return [mapping.to_dict() for mapping in mappings] if isinstance(value, list) else mappings[0].to_dict()


def mapping_changes(value: t.Any, new: t.Any) -> list[dict[str, t.Any]]:
    """What differs between two mappings, or two lists of mappings as they would be reported."""
    old_hosts, new_hosts = (merge(read_mappings(side)).hypervisors for side in (value, new))
    before, after = (Mapping("file", "", "", hosts) for hosts in (old_hosts, new_hosts))
    return [change.to_dict() for change in changes(before, after)]


def pack_mappings(value: list[t.Any], sources: list[str]) -> dict[str, str]:
    """Mappings for a later job: for each source a variable and the text that it holds."""
    now = datetime.now(timezone.utc)
    mappings = paired(sources, "sources", read_mappings(value), "mappings")
    return {variable_name(source): pack(mapping, now) for source, mapping in mappings}


def packed_mapping_name(value: str) -> str:
    """The variable that holds the packed mapping of a source."""
    return variable_name(value)


class FilterModule:
    """Filters on mappings."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filters by name."""
        functions = (
            to_virt_who,
            from_virt_who,
            merge_mappings,
            to_table,
            to_csv,
            mapping_changes,
            pack_mappings,
            packed_mapping_name,
            vaulted_inventory,
            with_guest_agents,
        )
        return {function.__name__: as_filter(function.__name__, function) for function in functions}
