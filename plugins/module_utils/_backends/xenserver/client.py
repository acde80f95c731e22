# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects the mapping of a XenServer or XCP-ng pool. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.convert import WANTED, Told, convert
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.faults import SessionEnded
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.session import Session
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

BACKEND = "xenserver"
IDS = ("uuid", "hostname")


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: Warn) -> Mapping:
    """Ask a pool for its hosts and guests.

    Args:
        options: those of the backend.

    Raises:
        InvalidInput: an option is wrong; nothing was contacted.
        MissingLibrary: urllib3 is not installed.
        Denied: the login or a right was refused.
        CannotConnect, NotFound, BadAnswer: the pool did not answer in full.
    """
    selection.allow_ids(IDS, BACKEND)
    session = Session(options, warn)
    failure: BaseException | None = None
    try:
        session.open()
        told = _read(session)
    except BaseException as exc:
        failure = exc
        raise
    finally:
        session.close(failure)
    return to_mapping(session, told, selection, warn)


def to_mapping(session: Session, told: Told, selection: Selection, warn: Warn) -> Mapping:
    """The mapping of what a pool told."""
    found = convert(told)
    for note in found.notes:
        warn(f"{session.what}: {note}")
    return assemble(
        backend=BACKEND,
        source=session.source,
        hosts=found.hosts,
        selection=selection,
        warn=warn,
        skipped=found.skipped,
        unplaced=found.unplaced,
    )


def _read(session: Session) -> Told:
    """Read all objects; begun anew once when the session ends meanwhile."""
    try:
        return _read_once(session)
    except SessionEnded:
        session.renew()
    return _read_once(session)


def _read_once(session: Session) -> Told:
    told = Told()
    # Hosts come before guests: one that starts meanwhile on a host that was known is not lost.
    for kind, fields in WANTED.items():
        session.records(kind, fields, told.taker(kind))
    return told
