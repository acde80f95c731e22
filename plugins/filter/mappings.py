# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Filters on mappings."""

from __future__ import annotations

import typing as t
from collections import Counter
from datetime import datetime, timezone

from ansible_collections.virtmap.core.plugins.module_utils._core import formats, tables
from ansible_collections.virtmap.core.plugins.module_utils._core.compare import changes
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import merge
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.packed import pack, variable_name
from ansible_collections.virtmap.core.plugins.plugin_utils import _status
from ansible_collections.virtmap.core.plugins.plugin_utils._mappings import as_filter, read_mappings
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


def group_by_destination(value: list[t.Any], sources: list[str]) -> list[dict[str, t.Any]]:
    """The sources that report to one destination, together: each group makes one report.

    Args:
        value: for each source the options of its receiver; empty where it does not report there.
        sources: the names of the sources, in the same order.
    """
    groups: list[dict[str, t.Any]] = []
    for options, source in zip(value, sources):
        if not options:
            continue
        group = next((group for group in groups if group["options"] == options), None)
        if group is None:
            place = str(options.get("server") or options.get("rhsm_conf"))
            name = f"{place} ({options['owner']})" if options.get("owner") else place
            group = {"name": name, "options": options, "sources": []}
            groups.append(group)
        group["sources"].append(source)
    return groups


def report_figures(value: list[t.Any], sources: list[str]) -> dict[str, t.Any]:
    """What role report has to tell of the mappings of a play.

    Args:
        sources: the hosts of the inventory that gave them, in the same order.
    """
    mappings = read_mappings(value)
    merged = merge(mappings)
    keys = Counter((mapping.backend, mapping.source) for mapping in mappings)
    return {
        "sources": len(mappings),
        "hypervisors": len(merged.hypervisors),
        "guests": sum(len(hypervisor.guests or ()) for hypervisor in merged.hypervisors),
        "conflicts": [conflict.to_dict() for conflict in merged.conflicts],
        "skipped": [{**entry.to_dict(), "source": mapping.source} for mapping in mappings for entry in mapping.skipped],
        "unique_sources": [
            source for source, mapping in zip(sources, mappings) if keys[(mapping.backend, mapping.source)] == 1
        ],
    }


def report_record(
    value: t.Any, sources: list[str], mappings: list[t.Any], receivers: list[str], results: list[t.Any], now: str
) -> dict[str, t.Any]:
    """What role report remembers after a run; ``value`` is what it remembered before."""
    found = dict(zip(sources, read_mappings(mappings)))
    return _status.record(value, found, list(zip(receivers, results)), now)


def report_status(
    value: dict[str, t.Any], receivers: list[str], results: list[t.Any], record: t.Any
) -> dict[str, t.Any]:
    """The state of sources (``value``: the failure of each, or null) and receivers."""
    return _status.status(value, list(zip(receivers, results)), record)


def mapping_changes(value: t.Any, new: t.Any) -> list[dict[str, t.Any]]:
    """What differs between two mappings, or two lists of mappings as they would be reported."""
    old_hosts, new_hosts = (merge(read_mappings(side)).hypervisors for side in (value, new))
    before, after = (Mapping("file", "", "", hosts) for hosts in (old_hosts, new_hosts))
    return [change.to_dict() for change in changes(before, after)]


def pack_mappings(value: list[t.Any], sources: list[str]) -> dict[str, str]:
    """Mappings for a later job: for each source a variable and the text that it holds."""
    if len(value) != len(sources):
        raise InvalidInput(f"there are {len(value)} mappings, but {len(sources)} names of sources")
    now = datetime.now(timezone.utc)
    return {variable_name(source): pack(mapping, now) for source, mapping in zip(sources, read_mappings(value))}


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
            group_by_destination,
            report_figures,
            report_record,
            report_status,
            mapping_changes,
            pack_mappings,
            packed_mapping_name,
            vaulted_inventory,
        )
        return {function.__name__: as_filter(function.__name__, function) for function in functions}
