# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Scanning hypervisors into a store. Private to this collection."""

from __future__ import annotations

import typing as t
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput, Partial
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mappings
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._scan.csv_tables import CsvTables
from ansible_collections.virtmap.core.plugins.module_utils._scan.decide import Conflict, Decisions, decide
from ansible_collections.virtmap.core.plugins.module_utils._scan.files import locked
from ansible_collections.virtmap.core.plugins.module_utils._scan.inventory_yaml import InventoryYaml, require_library
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest
from ansible_collections.virtmap.core.plugins.module_utils._scan.sources import (
    Scan,
    from_mappings,
    parse_targets,
    scan_libvirt,
)
from ansible_collections.virtmap.core.plugins.module_utils._scan.stanza import StanzaFile
from ansible_collections.virtmap.core.plugins.module_utils._scan.store import Store
from ansible_collections.virtmap.core.plugins.module_utils._scan.table import render
from ansible_collections.virtmap.core.plugins.module_utils._scan.xcat import Find, Run, XcatCommands, find_commands

Warn = t.Callable[[str], None]
_XCAT = "xcat"
_FILES: dict[str, t.Callable[[Path], Store]] = {
    "inventory_yaml": InventoryYaml,
    "xcat_stanza": StanzaFile,
    "xcat_csv": CsvTables,
}
# Where a lock may stand for the store that is no file.
_LOCK_FOLDERS = (Path("/run/lock"), Path("/tmp"))  # noqa: S108 - links are not followed


@dataclass(frozen=True)
class Machine:
    """What a scan needs of the host that it runs on.

    Attributes:
        run: runs a command.
        find: gives the path of a command, None where there is none.
    """

    run: Run
    find: Find


def scan(
    options: t.Mapping[str, t.Any], machine: Machine, *, check_mode: bool, diff: bool, warn: Warn
) -> dict[str, t.Any]:
    """Scan hypervisors and write what was found into a store.

    Args:
        options: those of OPTIONS.

    Returns:
        the result of the module.

    Raises:
        InvalidInput: an option, a mapping or the store is wrong; the store was left as it is.
        MissingLibrary, NotFound: what the format of the store needs is not there; nothing was contacted.
        Partial: a hypervisor did not answer; the others were written.
    """
    _check(options, machine)
    found = _found(options)
    for entry in found.left_out:
        warn(f"the guest {shown(entry['name'])} of {shown(entry['hypervisor'])} was left out: {entry['reason']}")
    result: dict[str, t.Any] = {
        "changed": False,
        "guests": [guest.to_dict() for guest in found.guests],
        "table": render(found.guests),
        "written": [],
        "updated": [],
        "unchanged": [],
        "conflicts": [],
        "left_out": found.left_out,
        "failed_hosts": found.failed,
    }
    if options["mode"] != "list":
        result.update(write_store(options, machine, found, check_mode=check_mode, diff=diff))
    for conflict in result["conflicts"]:
        place = f"{shown(conflict['name'])} on {shown(conflict['hypervisor'])}"
        warn(f"the guest {place} was not written: {conflict['reason']}")
    if found.failed:
        raise Partial(_failure(found), result)
    return result


def _check(options: t.Mapping[str, t.Any], machine: Machine) -> None:
    """See that what was found can be written, before hundreds of hypervisors are asked."""
    if options["mode"] == "list":
        return
    if options["store_format"] == _XCAT:
        find_commands(machine.find)
        return
    if not options["store"]:
        raise InvalidInput(f"mode {options['mode']} needs a store to write to; give its path as store")
    if options["store_format"] == "inventory_yaml":
        require_library()


def _found(options: t.Mapping[str, t.Any]) -> Scan:
    if options["mappings"] is not None:
        return from_mappings(parse_mappings(options["mappings"]))
    return scan_libvirt(
        parse_targets(options["uris"]),
        timeout=float(options["timeout"]),
        username=options["username"],
        password=options["password"],
    )


def write_store(
    options: t.Mapping[str, t.Any], machine: Machine, found: Scan, *, check_mode: bool, diff: bool
) -> dict[str, t.Any]:
    """Write what was found into the store that the options name.

    Returns:
        the part of the result that is about the store.

    Raises:
        InvalidInput: the store cannot be read, understood or written; it was left as it is.
        CannotConnect: another task is changing it, or xCAT takes too long.
        MissingLibrary, NotFound, BadAnswer: what the format needs is not there or failed.
    """
    xcat = options["store_format"] == _XCAT
    path = _xcat_lock() if xcat else Path(options["store"])
    # Locked before it is read: what is decided must still hold when it is written.
    with nullcontext() if check_mode else locked(path, float(options["timeout"])):
        store = XcatCommands(machine.run, machine.find) if xcat else _FILES[options["store_format"]](path)
        result = _apply(decide(found.guests, options["mode"], store, found.hypervisors), store)
        texts = store.texts()
        backups = [] if check_mode or not result["changed"] else store.save(backup=options["backup"])
    if backups:
        result["backup_files"] = backups
    if diff:
        result["diff"] = [
            {"before_header": part, "after_header": part, "before": before, "after": after}
            for part, before, after in texts
        ]
    return result


def _xcat_lock() -> Path:
    return next(folder for folder in _LOCK_FOLDERS if folder.is_dir()) / "virtmap-scan"


def _apply(decisions: Decisions, store: Store) -> dict[str, t.Any]:
    lists: dict[str, list[dict[str, t.Any]]] = {"written": [], "updated": [], "unchanged": []}
    conflicts = list(decisions.conflicts)
    for guests, known in ((decisions.new, False), (decisions.known, True)):
        for guest in guests:
            reason = store.refuses(guest)
            if reason is not None:
                existing = guest.hypervisor if known else None
                conflicts.append(Conflict(guest.name or "", guest.hypervisor, existing, reason))
                continue
            lists[_put(store, guest, known)].append({"name": guest.name, "hypervisor": guest.hypervisor})
    return {
        **lists,
        "changed": bool(lists["written"] or lists["updated"]),
        "conflicts": [conflict.to_dict() for conflict in conflicts],
    }


def _put(store: Store, guest: ScannedGuest, known: bool) -> str:
    if known:
        return "updated" if store.update(guest) else "unchanged"
    store.add(guest)
    return "written"


def _failure(found: Scan) -> str:
    failed = found.failed
    total = len(failed) + len(found.hypervisors)
    reasons = "; ".join(f"{shown(entry['id'])}: {entry['reason']}" for entry in failed[:5])
    if len(failed) > 5:
        reasons += f"; and {listed((entry['id'] for entry in failed[5:]), 20)}"
    return f"{len(failed)} of {total} hypervisors did not answer ({reasons}); the others were scanned"
