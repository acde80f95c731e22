# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Filters of role report: who is told what, and what became of it."""

from __future__ import annotations

import typing as t
from collections import Counter

from ansible_collections.virtmap.core.plugins.module_utils._core.merge import merge
from ansible_collections.virtmap.core.plugins.plugin_utils import _status
from ansible_collections.virtmap.core.plugins.plugin_utils._mappings import as_filter, paired, read_mappings


def group_by_destination(value: list[t.Any], sources: list[str]) -> list[dict[str, t.Any]]:
    """The sources that report to one destination, together: each group makes one report.

    Args:
        value: for each source the options of its receiver; empty where it does not report there.
        sources: the names of the sources, in the same order.
    """
    groups: list[dict[str, t.Any]] = []
    for source, options in paired(sources, "sources", value, "destinations"):
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
            source
            for source, mapping in paired(sources, "sources", mappings, "mappings")
            if keys[(mapping.backend, mapping.source)] == 1
        ],
    }


def report_record(
    value: t.Any, sources: list[str], mappings: list[t.Any], receivers: list[str], results: list[t.Any], now: str
) -> dict[str, t.Any]:
    """What role report remembers after a run; ``value`` is what it remembered before."""
    found = dict(paired(sources, "sources", read_mappings(mappings), "mappings"))
    return _status.record(value, found, paired(receivers, "receivers", results, "results"), now)


def report_status(
    value: dict[str, t.Any], receivers: list[str], results: list[t.Any], record: t.Any
) -> dict[str, t.Any]:
    """The state of sources (``value``: the failure of each, or null) and receivers."""
    return _status.status(value, paired(receivers, "receivers", results, "results"), record)


class FilterModule:
    """Filters of role report."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filters by name."""
        functions = (group_by_destination, report_figures, report_record, report_status)
        return {function.__name__: as_filter(function.__name__, function) for function in functions}
