# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the two modules of the history do. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import check_hours
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._history import queries
from ansible_collections.virtmap.core.plugins.module_utils._history.database import Database
from ansible_collections.virtmap.core.plugins.module_utils._history.given import Given
from ansible_collections.virtmap.core.plugins.module_utils._history.moments import window
from ansible_collections.virtmap.core.plugins.module_utils._history.prune import prune
from ansible_collections.virtmap.core.plugins.module_utils._history.record import Recorded, record
from ansible_collections.virtmap.core.plugins.module_utils._history.schema import check, prepare
from ansible_collections.virtmap.core.plugins.module_utils._history.store import transact

Warn = t.Callable[[str], None]


def keep(options: t.Mapping[str, t.Any], *, check_mode: bool, diff: bool, warn: Warn) -> dict[str, t.Any]:
    """Record the mappings and prune, all in one transaction; the result of mapping_history."""
    if options["keep_days"] is not None and options["keep_days"] < 1:
        raise InvalidInput(f"keep_days is {options['keep_days']}, but must be at least 1")
    entries = [Given(document, f"mappings[{index}]") for index, document in enumerate(options["mappings"])]
    given = [entry for entry in entries if options["allow_empty"] or not entry.is_empty]
    refused = [entry.head.source for entry in entries if entry not in given]
    nothing = (
        f"no hypervisor in the mapping of {listed(refused)}, which was not recorded: it is mostly the answer of a source "
        "that failed; if it is right, set allow_empty"
        if refused
        else "there is no mapping to record, mostly because every source failed; if that is right, set allow_empty"
    )
    if not (given or options["allow_empty"]):
        raise InvalidInput(nothing)

    def work(database: Database) -> tuple[list[Recorded], int]:
        prepare(database)
        runs = [record(database, entry) for entry in sorted(given, key=_order)]
        return runs, 0 if options["keep_days"] is None else prune(database, options["keep_days"])

    runs, pruned = transact(options, work, write=True, keep=not check_mode)
    for run in runs:
        if run.result == "outdated":
            warn(
                f"the mapping of {shown(run.mapping.source)} of {run.mapping.collected_at} was not recorded: the history "
                "holds a newer one of this source"
            )
    found = [
        {**change.to_dict(), "backend": run.mapping.backend, "source": run.mapping.source}
        for run in runs
        for change in run.changes
    ]
    result: dict[str, t.Any] = {
        "changed": pruned > 0 or any(run.rows for run in runs),
        "runs": [run.to_dict() for run in runs],
        "changes": found,
        "pruned": pruned,
    }
    if diff:
        lines = [f"{run.mapping.source} {run.mapping.collected_at}: {run.result}" for run in runs if run.rows]
        lines += [sentence(change) for change in found]
        lines += [f"{pruned} rows older than {options['keep_days']} days removed"] if pruned else []
        result["diff"] = {"before": "", "after": "".join(f"{line}\n" for line in lines)}
    if refused:
        raise InvalidInput(nothing, result)
    return result


def ask(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Answer a question; the result of mapping_history_info."""
    since, until = window(options["since"], options["until"])
    hours = check_hours(options, "silent_hours")

    def work(database: Database) -> dict[str, t.Any]:
        check(database)
        if options["query"] == "guest":
            return {"placements": queries.placements(database, options["guest"], since, until)}
        if options["query"] == "moves":
            return {"moves": queries.moves(database, since, until)}
        return {"silent": queries.silent(database, hours)}

    return {"changed": False, **transact(options, work, write=False)}


def sentence(change: t.Mapping[str, t.Any]) -> str:
    """A change as one line for people."""
    guest = f"guest {shown(change['name'] or change['guest'])}" if change["guest"] else ""
    place = f"hypervisor {shown(change['hypervisor'])}"
    return {
        "guest_appeared": f"{guest} appeared on {place}",
        "guest_gone": f"{guest} is gone from {place}",
        "guest_moved": f"{guest} moved from {shown(change['previous_hypervisor'])} to {place}",
        "guest_state": f"{guest} on {place}: {change['previous_state']} to {change['state']}",
        "hypervisor_appeared": f"{place} appeared",
        "hypervisor_gone": f"{place} is gone",
    }[change["kind"]]


def _order(given: Given) -> str:
    return given.head.collected_at
