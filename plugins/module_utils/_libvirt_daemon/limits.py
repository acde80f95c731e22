# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Guard rails: what may not be set, found out before the daemon is asked to. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.uri import ADMIN_SERVER

Numbers = t.Mapping[str, int]
# Each worker is a thread, each client an open file of the daemon; a greater number is a slip of the pen.
MOST_WORKERS = 10_000
MOST_CLIENTS = 1_048_576
# The daemon takes seconds, but counts milliseconds in 31 bits.
MOST_IDLE_SECONDS = 2_147_483


def check_range(name: str, value: int, most: int) -> None:
    """Refuse a number that no daemon should be given.

    Raises:
        InvalidInput: it is negative or greater than ``most``.
    """
    if not 0 <= value <= most:
        raise InvalidInput(f"{name} is {value}, but must be 0 to {most}")


def check_ranges(wanted: Numbers, most: int) -> None:
    """Refuse numbers that no daemon should be given, whatever it is set to now.

    Raises:
        InvalidInput: there are none, or one is out of range.
    """
    if not wanted:
        raise InvalidInput("nothing to set was given")
    for name, value in wanted.items():
        check_range(name, value, most)


def guard_threadpool(before: Numbers, wanted: Numbers, server: str, _options: t.Mapping[str, t.Any]) -> list[str]:
    """Refuse a thread pool that the daemon cannot have.

    Args:
        before: the current settings.
        wanted: the settings to be changed.

    Returns:
        warnings.

    Raises:
        InvalidInput: the minimum would exceed the maximum, or the pool would be switched on or off.
    """
    after = {**before, **wanted}
    if after["max_workers"] != before["max_workers"] and 0 in (after["max_workers"], before["max_workers"]):
        raise InvalidInput(
            f"server {server}: max_workers cannot be changed from {before['max_workers']} to "
            f"{after['max_workers']}: no daemon can begin or "
            "cease to use threads while it runs"
        )
    if after["min_workers"] > after["max_workers"]:
        raise InvalidInput(
            f"server {server}: min_workers ({after['min_workers']}) would be greater than max_workers "
            f"({after['max_workers']}), so set both"
        )
    return []


def guard_client_limits(before: Numbers, wanted: Numbers, server: str, options: t.Mapping[str, t.Any]) -> list[str]:
    """Refuse limits that lock clients out: a daemon takes them without a word, and new clients then wait for ever.

    Args:
        before: the current limits and counts.
        wanted: the limits to be changed.
        options: ``allow_zero`` and ``allow_below_current``.

    Returns:
        warnings about what was allowed.

    Raises:
        InvalidInput: a limit would lock clients out and its override was not given.
    """
    if not options["allow_zero"]:
        _refuse_zero(wanted, server)
    after = {**before, **wanted}
    if after["max_unauth_clients"] > after["max_clients"]:
        raise InvalidInput(
            f"server {server}: max_unauth_clients ({after['max_unauth_clients']}) would be greater than "
            f"max_clients ({after['max_clients']}), "
            "so set both"
        )
    warnings = []
    for limit, count, kind in (
        ("max_clients", before["clients"], "connected"),
        ("max_unauth_clients", before["unauth_clients"], "not yet authenticated"),
    ):
        value = wanted.get(limit)
        # No limit on unauthenticated clients is what 0 means there.
        if value is None or value > count or (value == 0 and limit == "max_unauth_clients"):
            continue
        sentence = (
            f"server {server}: {limit} is set to {value} while {count} clients are {kind}: "
            "new clients wait until enough of them left"
        )
        if value < count and not options["allow_below_current"]:
            raise InvalidInput(f"{sentence}; set allow_below_current if that is meant")
        warnings.append(sentence)
    return warnings


def _refuse_zero(wanted: Numbers, server: str) -> None:
    if wanted.get("max_clients") == 0:
        raise InvalidInput(f"server {server}: max_clients 0 locks all new clients out; set allow_zero if that is meant")
    if wanted.get("max_unauth_clients") == 0:
        raise InvalidInput(
            f"server {server}: max_unauth_clients 0 takes the limit on clients that have not authenticated "
            "themselves away; set "
            "allow_zero if that is meant"
        )
    if server == ADMIN_SERVER and wanted.get("max_clients", 2) < 2:
        raise InvalidInput(
            "server admin: with max_clients below 2 a single client that stays keeps everybody else, this module "
            "included, from "
            "the admin interface until the daemon is restarted; set allow_zero if that is meant"
        )
