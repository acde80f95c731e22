# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Lists the guests of a daemon with as few calls as there can be. Private to this collection."""

from __future__ import annotations

import typing as t
from functools import partial

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.convert import NO_UUID
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import (
    INTERNAL_ERROR,
    NO_DOMAIN,
    NO_SUPPORT,
    Failure,
    explain,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

# VIR_DOMAIN_STATS_STATE: other groups ask the emulator, and one that hangs would hold up the answer for all guests.
STATS_STATE = 1
# VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE and _INACTIVE.
ALL, ACTIVE, INACTIVE = 0, 1, 2
DOING = "listing the guests"

Rows = dict[str, t.Union[Guest, Skipped]]


def list_guests(connection: Connection) -> tuple[list[Guest], list[Skipped]]:
    """All guests, active and inactive, with their states, in one call where the daemon can.

    Returns:
        the guests, and those that could not be read.

    Raises:
        CannotConnect, Denied, BadAnswer: see errors.RULES.
    """
    rows = connection.attempt(DOING, partial(_rows, which=ALL))
    if isinstance(rows, Failure):
        if rows.code == NO_SUPPORT:
            rows = _one_by_one(connection)
        elif rows.code == INTERNAL_ERROR:
            rows = _in_parts(connection, rows)
        else:
            raise explain(rows, connection.uri, DOING)
    # The all-zero uuid is Xen's dom0, which is the host itself.
    rows.pop(NO_UUID, None)
    guests = [row for row in rows.values() if isinstance(row, Guest)]
    return guests, [row for row in rows.values() if isinstance(row, Skipped)]


def _rows(conn: t.Any, which: int) -> Rows:
    """Ask for the states of guests; libvirt's own objects stay inside, where freeing them cannot hold up the task."""
    rows: Rows = {}
    for domain, stats in conn.getAllDomainStats(STATS_STATE, which):
        _add(rows, domain, stats.get("state.state"))
    return rows


def _add(rows: Rows, domain: t.Any, state: int | None) -> None:
    """Note a guest under its uuid; ``state`` is a virDomainState, None when it was not told."""
    uuid = domain.UUIDString()
    try:
        rows[uuid] = Guest(uuid, domain.name(), GuestState.from_number(state or 0))
    except UnicodeDecodeError as exc:
        rows[uuid] = Skipped("guest", uuid, f"its name is not UTF-8: {exc}")


def _in_parts(connection: Connection, failure: Failure) -> Rows:
    """List active and inactive guests apart: the protocol carries 16384 guests at most.

    The limit has no error number of its own; if it was something else, the parts fail as well.
    """
    rows: Rows = {}
    # The active ones twice: a guest that starts between the first two calls is in neither. The later answer counts.
    for which in (ACTIVE, INACTIVE, ACTIVE):
        part = connection.attempt(DOING, partial(_rows, which=which))
        if isinstance(part, Failure):
            raise explain(failure, connection.uri, DOING)
        rows.update(part)
    return rows


def _state(_conn: t.Any, domain: t.Any) -> int:
    number: int = domain.state()[0]
    return number


def _one_by_one(connection: Connection) -> Rows:
    """Ask for the state of each guest, for drivers without the call for all."""
    rows: Rows = {}
    domains = connection.call(DOING, lambda conn: conn.listAllDomains(0))
    for domain in domains:
        state = connection.attempt("asking for the state of a guest", partial(_state, domain=domain))
        if not isinstance(state, Failure):
            _add(rows, domain, state)
        elif state.code == NO_SUPPORT:
            _add(rows, domain, None)
        elif state.code != NO_DOMAIN:  # which means that it is gone since it was listed
            uuid = domain.UUIDString()
            rows[uuid] = Skipped("guest", uuid, f"its state could not be read: {shown(state.text)}")
    return rows
