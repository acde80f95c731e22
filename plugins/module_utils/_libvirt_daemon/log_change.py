# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Setting what a daemon logs, and where to. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, InvalidInput, told
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon import log_settings
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_file import LOG_KEYS, FileChange, plan
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_text import Value
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.connection import AdminConnection, connect
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run

Settings = dict[str, list[str]]
# How each kind is brought into a form that can be compared.
_NORMAL = {"filters": log_settings.normal_filters, "outputs": log_settings.normal_outputs}


def change_logging(run: Run) -> dict[str, t.Any]:
    """Give a daemon the log filters and outputs that the user wants, and read them back.

    Args:
        run: with the options ``filters``, ``outputs``, ``level``, ``state``, ``persist`` and ``config_file``.

    Returns:
        the result of the module: ``changed``, ``logging``, ``diff`` and ``persisted``.

    Raises:
        VirtmapError: one of the family; its result says whether anything was changed before.
    """
    given = _given(run.options)
    with connect(run.uri, run.timeout) as daemon:
        before = log_settings.current(daemon)
        wanted = _wanted(given, run.options["level"], before)
        file_change = _plan_file(run, wanted)
        after = {**before, **wanted}
        changed = after != before
        if run.check_mode:
            if wanted.get("outputs") == [] and log_settings.is_builtin_output(before["outputs"]):
                after["outputs"] = before["outputs"]
                changed = after != before
        elif changed:
            after = _set(daemon, before, wanted)
            changed = after != before
    return {"logging": after, **run.result(changed, before, after, file_change)}


def _given(options: t.Mapping[str, t.Any]) -> Settings:
    """The filters and outputs that the user names, checked; an empty list is the default."""
    if options["state"] == "default":
        if any(options[name] is not None for name in ("filters", "outputs", "level")):
            raise InvalidInput("state default takes all log settings back, so leave out filters, outputs and level")
        return {"filters": [], "outputs": []}
    given: Settings = {}
    if options["filters"] is not None:
        given["filters"] = log_settings.checked_filters(options["filters"])
    if options["outputs"] is not None:
        given["outputs"] = log_settings.checked_outputs(options["outputs"])
    if not given and options["level"] is None:
        raise InvalidInput("nothing to set was given: name filters, outputs or a level, or state default")
    return given


def _wanted(given: Settings, level: str | None, before: Settings) -> Settings:
    if level is None:
        return given
    return {**given, "filters": log_settings.with_level(given.get("filters", before["filters"]), level)}


def _plan_file(run: Run, wanted: Settings) -> FileChange | None:
    if not run.options["persist"]:
        return None
    kinds = {LOG_KEYS[kind]: kind for kind in wanted}

    def same(key: str, standing: Value) -> bool:
        return isinstance(standing, str) and _NORMAL[kinds[key]](standing.split()) == wanted[kinds[key]]

    settings = {key: " ".join(wanted[kind]) or None for key, kind in kinds.items()}
    return plan(run.uri.daemon, run.uri.config_file(run.options["config_file"]), settings, same)


def _set(daemon: AdminConnection, before: Settings, wanted: Settings) -> Settings:
    """Set what differs.

    Outputs come first: only they can fail, when a file cannot be opened, and then nothing has changed yet.
    """
    result: dict[str, t.Any] = {}
    with told(result):
        for kind, write in (("outputs", daemon.set_log_outputs), ("filters", daemon.set_log_filters)):
            if kind in wanted and wanted[kind] != before[kind]:
                write(" ".join(wanted[kind]))
                result["changed"] = True
        now = log_settings.current(daemon)
        off = [kind for kind, items in wanted.items() if now[kind] != items and (kind, items) != ("outputs", [])]
        if off:
            said = "; ".join(
                f"{kind} are {listed(now[kind]) or 'empty'} instead of {listed(wanted[kind])}" for kind in off
            )
            raise BadAnswer(f"the daemon accepted the log settings, but reads back others: {said}")
    return now
