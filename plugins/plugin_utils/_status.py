# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What role report remembers of its runs, and what the playbook status tells. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

_HEAD = ("KIND", "NAME", "STATUS", "LAST SUCCESS", "HYPERVISORS", "GUESTS", "MESSAGE")
# The name of a receiver and the result of the module that told it.
Pairs = t.Sequence[tuple[str, dict[str, t.Any]]]


def record(before: t.Any, sources: dict[str, Mapping], receivers: Pairs, now: str) -> dict[str, t.Any]:
    """The record after a run.

    Args:
        before: the record of earlier runs; anything that is none counts as empty.
        sources: the mappings that were reported, by source.
        now: the present moment, for receivers.
    """
    known = before if isinstance(before, dict) else {}
    told = {name: {"last_success": now} for name, result in receivers if not result.get("failed")}
    found = {
        name: {
            "last_success": mapping.collected_at,
            "hypervisors": len(mapping.hypervisors),
            "guests": mapping.guest_count,
        }
        for name, mapping in sources.items()
    }
    return {"sources": {**_section(known, "sources"), **found}, "receivers": {**_section(known, "receivers"), **told}}


def status(failures: dict[str, str | None], receivers: Pairs, before: t.Any) -> dict[str, t.Any]:
    """Every source and receiver with its state now and its last success.

    Args:
        failures: for each source the message of its failure, None when it answered.
        before: the record of the last reports.

    Returns:
        ``ok``, ``entries`` for programs, ``table`` (a list of lines) for people, and ``messages`` of all that failed.
    """
    known = before if isinstance(before, dict) else {}
    entries = [_entry("source", name, message, known) for name, message in failures.items()]
    for name, result in receivers:
        failed = str(result.get("msg") or "it failed") if result.get("failed") else None
        entries.append(_entry("receiver", name, failed, known))
    cells = [tuple("-" if value is None else shown(value, 300) for value in entry.values()) for entry in entries]
    lines = [_HEAD, *cells]
    widths = [max(len(line[index]) for line in lines) for index in range(len(_HEAD))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    messages = [f"{entry['name']}: {entry['message']}" for entry in entries if entry["message"] is not None]
    return {"ok": not messages, "entries": entries, "table": table, "messages": messages}


def _entry(kind: str, name: str, message: str | None, known: dict[str, t.Any]) -> dict[str, t.Any]:
    last = _section(known, f"{kind}s").get(name)
    last = last if isinstance(last, dict) else {}
    return {
        "kind": kind,
        "name": name,
        "status": "ok" if message is None else "failed",
        "last_success": last.get("last_success"),
        "hypervisors": last.get("hypervisors"),
        "guests": last.get("guests"),
        "message": message,
    }


def _section(document: dict[str, t.Any], key: str) -> dict[str, t.Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}
