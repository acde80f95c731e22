# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Hypervisors that nobody has reported for long: shown, and removed on demand. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    Denied,
    InvalidInput,
    NotFound,
    Partial,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.options import check_timeout
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.connection import Candlepin
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.consumers import (
    Consumer,
    delete_consumer,
    get_consumer,
    get_guest_rows,
    list_hypervisors,
)
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.settings import resolve

Warn = t.Callable[[str], None]
HYPERVISOR = "hypervisor"


@dataclass(frozen=True)
class Age:
    """Tells how old a check-in is, by the server's clock: a wrong clock of this host must not make anything stale."""

    now: datetime
    stale_after: float | None

    def is_stale(self, consumer: Consumer) -> bool:
        """Whether the last check-in is older than wanted; one that is not known counts as never."""
        if self.stale_after is None:
            return False
        if consumer.last_checkin is None:
            return True
        return self.now - consumer.last_checkin > timedelta(seconds=self.stale_after)


def show(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the server holds of an owner's hypervisors.

    Args:
        options: those of OptionGroup INFO.

    Returns:
        the result of the module.
    """
    stale_after = check_timeout(options, "stale_after")
    settings = resolve(options)
    wanted = {key.lower() for key in options["hypervisor_ids"]}
    with Candlepin(settings) as server:
        age = Age(server.status().time, stale_after)
        owner = server.owner()
        hypervisors = []
        for consumer in list_hypervisors(server, owner):
            if wanted and consumer.hypervisor_id not in wanted:
                continue
            hypervisor = {**describe(consumer), "stale": age.is_stale(consumer)}
            if options["guests"]:
                hypervisor["guests"] = sorted(get_guest_rows(server, consumer.uuid))
            hypervisors.append(hypervisor)
    return {
        "changed": False,
        "owner": owner,
        "hypervisors": hypervisors,
        "stale": [hypervisor["id"] for hypervisor in hypervisors if hypervisor["stale"]],
    }


def describe(consumer: Consumer) -> dict[str, t.Any]:
    """A hypervisor as the modules show it."""
    last = consumer.last_checkin
    return {
        "id": consumer.hypervisor_id,
        "uuid": consumer.uuid,
        "name": consumer.name,
        "type": consumer.kind,
        "reporter_id": consumer.reporter_id,
        "last_checkin": last.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if last is not None else None,
    }


def remove(options: t.Mapping[str, t.Any], warn: Warn, check_mode: bool, want_diff: bool) -> dict[str, t.Any]:
    """Remove hypervisors, by id, by age, or those of some ids that are old enough.

    Args:
        options: those of OptionGroup REMOVAL.

    Returns:
        the result of the module.

    Raises:
        InvalidInput: more would be removed than allowed; nothing has been.
        Partial: some could not be removed.
    """
    most = options["max_removals"]
    if most < 1:
        raise InvalidInput(f"max_removals is {most}, but must be at least 1")
    if options["hypervisor_ids"] is None and options["stale_after"] is None:
        raise InvalidInput("give hypervisor_ids, stale_after or both")
    stale_after = None if options["stale_after"] is None else check_timeout(options, "stale_after")
    settings = resolve(options)
    with Candlepin(settings) as server:
        age = Age(server.status().time, stale_after)
        chosen = _chosen(list_hypervisors(server, server.owner()), options["hypervisor_ids"], age)
        names = [str(consumer.hypervisor_id) for consumer in chosen]
        if len(chosen) > most:
            raise InvalidInput(
                f"{len(chosen)} hypervisors would be removed, but max_removals is {most}; nothing was removed. They "
                f"are: {listed(names)}",
                {"changed": False, "removed": [], "failed_hosts": [], "candidates": names},
            )
        remover = _Remover(server, age, options["hypervisor_ids"] is not None, warn, check_mode)
        removed: list[str] = []
        failed: list[dict[str, str]] = []
        for consumer in chosen:
            try:
                if remover.remove(consumer):
                    removed.append(str(consumer.hypervisor_id))
            except VirtmapError as exc:
                failed.append({"id": str(consumer.hypervisor_id), "reason": exc.message})
        result: dict[str, t.Any] = {"changed": bool(removed), "removed": removed, "failed_hosts": failed}
        if want_diff:
            gone = {str(consumer.hypervisor_id): describe(consumer) for consumer in chosen}
            result["diff"] = {"before": {key: gone[key] for key in removed}, "after": {}}
        if failed:
            reasons = listed((f"{entry['id']} ({entry['reason']})" for entry in failed), 5)
            raise Partial(f"{server.what} did not remove {len(failed)} of {len(chosen)} hypervisors: {reasons}", result)
    return result


def _chosen(consumers: list[Consumer], ids: list[str] | None, age: Age) -> list[Consumer]:
    wanted = None if ids is None else {key.lower() for key in ids}
    return [
        consumer
        for consumer in consumers
        if (consumer.kind == HYPERVISOR if wanted is None else consumer.hypervisor_id in wanted)
        and (age.stale_after is None or age.is_stale(consumer))
    ]


@dataclass(frozen=True)
class _Remover:
    """Removes hypervisors one by one, each only if that is still right.

    Attributes:
        named: whether the user has named them; one that is to stay is a failure then, else a warning.
    """

    server: Candlepin
    age: Age
    named: bool
    warn: Warn
    check_mode: bool

    def remove(self, consumer: Consumer) -> bool:
        """Remove one; returns whether it was removed (in check mode: would be)."""
        try:
            current = get_consumer(self.server, consumer.uuid)
            if self._stays(current):
                return False
            if not self.check_mode:
                delete_consumer(self.server, consumer.uuid)
        except NotFound:
            return False  # somebody else has removed it meanwhile
        return True

    def _stays(self, current: Consumer) -> bool:
        if current.registered or current.kind != HYPERVISOR:
            reason = "it is a registered system as well, which would lose its registration; unregister it there"
            if self.named:
                raise Denied(reason)
            self.warn(f"the hypervisor {current.hypervisor_id} was not removed: {reason}")
            return True
        if self.age.stale_after is not None and not self.age.is_stale(current):
            self.warn(f"the hypervisor {current.hypervisor_id} has checked in meanwhile and was not removed")
            return True
        return False
