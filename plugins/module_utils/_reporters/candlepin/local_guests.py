# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The local mode: a registered host reports the guests that run on itself. Private to this collection.

There is no job and no result. What changed is told by the server's rows before and after: a row of a guest that stays
as it is keeps its id, a changed one gets another.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from urllib.parse import quote

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    Denied,
    InvalidInput,
    NotFound,
    Partial,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import merge
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Hypervisor
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin import sanitise
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.connection import Candlepin
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.consumers import (
    get_consumer,
    get_guest_rows,
)
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.guest_form import wire_guests
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.sanitise import Unfit, Warn
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.settings import Settings, resolve


@dataclass(frozen=True)
class _Held:
    """What the server holds of the host: its hypervisor id, and the ids of its guests' rows by lower-cased guest id."""

    hypervisor_id: str | None
    rows: dict[str, str]

    def to_diff(self) -> dict[str, t.Any]:
        return {"hypervisor_id": self.hypervisor_id, "guests": sorted(self.rows)}


def check_in_guests(options: t.Mapping[str, t.Any], warn: Warn, check_mode: bool, want_diff: bool) -> dict[str, t.Any]:
    """Report the guests of one host.

    Args:
        options: those of OptionGroup GUESTS.

    Returns:
        the result of the module.

    Raises:
        Partial: the server did not take some guests.
        VirtmapError: it cannot be reported, or was refused.
    """
    settings = resolve(options)
    hypervisor = only_hypervisor(options["mapping"], warn)
    uuid = _uuid(options["consumer_uuid"], settings)
    guests = sanitise.guests(hypervisor, warn) or []
    wanted = {guest["guestId"].lower() for guest in guests}
    with Candlepin(settings) as server:
        katello = server.status().katello
        before = _held(server, uuid, warn)
        # A Satellite does not pass the id on.
        planned_id = before.hypervisor_id if before is not None and katello else hypervisor.id.lower()
        result: dict[str, t.Any] = {"consumer_uuid": uuid, "guests": sorted(wanted)}
        if check_mode:
            after = _Held(planned_id, dict.fromkeys(wanted, ""))
            changed = before is None or before.to_diff() != after.to_diff()
        else:
            _put(server, uuid, hypervisor.id, guests)
            seen = _held(server, uuid, warn) if before is not None else None
            after = seen if seen is not None else _Held(planned_id, dict.fromkeys(wanted, ""))
            changed = before != seen if before is not None else True
        known = set(before.rows) if before is not None else set()
        result.update(
            changed=changed, added=sorted(after.rows.keys() - known), removed=sorted(known - after.rows.keys())
        )
        if want_diff:
            result["diff"] = {"before": before.to_diff() if before is not None else "", "after": after.to_diff()}
        lost = sorted(wanted - after.rows.keys())
        if lost:
            raise Partial(f"{server.what} did not take {len(lost)} of {len(wanted)} guests: {listed(lost)}", result)
    return result


def only_hypervisor(document: t.Any, warn: Warn) -> Hypervisor:
    """The one hypervisor of a mapping: the host that the guests run on.

    Raises:
        InvalidInput: there is none or several, its guests are not known, or its id is of no use.
    """
    mapping = parse_mapping(document)
    if len(mapping.hypervisors) != 1:
        raise InvalidInput(
            f"mapping of {mapping.source} holds {len(mapping.hypervisors)} hypervisors, but must hold the one host "
            "that reports; use rhsm_hypervisor_checkin for others"
        )
    merged = merge([mapping])
    for conflict in merged.conflicts:
        warn(conflict.message)
    (hypervisor,) = merged.hypervisors
    if hypervisor.guests is None:
        raise InvalidInput(
            f"mapping.hypervisors[0].guests of {mapping.source} is null: the guests are not known, and to report none "
            "would empty the host at the server"
        )
    try:
        sanitise.hypervisor_id(hypervisor)
    except Unfit as exc:
        raise InvalidInput(f"mapping.hypervisors[0]: {exc}") from exc
    return hypervisor


def _uuid(option: str | None, settings: Settings) -> str:
    if option:
        return option
    if settings.identity is None:
        raise InvalidInput("give consumer_uuid: without a client certificate it is not known which host reports")
    return settings.identity.uuid


def _held(server: Candlepin, uuid: str, warn: Warn) -> _Held | None:
    """What the server holds; None when it does not show it to this account."""
    hypervisor_id = get_consumer(server, uuid).hypervisor_id
    try:
        return _Held(hypervisor_id, {key.lower(): row for key, row in get_guest_rows(server, uuid).items()})
    except (Denied, NotFound) as exc:
        warn(f"it cannot be told what changes at the server: {exc.message}")
        return None


def _put(server: Candlepin, uuid: str, hypervisor_id: str, guests: list[dict[str, t.Any]]) -> None:
    body = {"guestIds": wire_guests(server, guests), "hypervisorId": {"hypervisorId": hypervisor_id}}
    try:
        server.call(
            "PUT",
            f"/consumers/{quote(uuid, safe='')}",
            json_body=body,
            missing=f"does not know the consumer {shown(uuid)}, or this account has no right to it",
        )
    except BadAnswer as exc:
        if "is already used" in exc.message:
            raise InvalidInput(
                f"the hypervisor id {shown(hypervisor_id)} belongs to another record at {server.what}; remove that "
                f"record, or gather under another hypervisor_id ({exc.message})"
            ) from exc
        raise
