# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the server holds: consumers that are hypervisors, and their guests. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, Denied, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.connection import (
    Candlepin,
    owner_missing,
    read_moment,
)

# The server gives 3000 at most.
_PAGE = 1000
# From how many look-ups on the whole list is the cheaper way to learn the ids.
_WORTH_A_LIST = 20
# An account that is not shown the first few consumers will not be shown the others.
_REFUSALS = 3


@dataclass(frozen=True)
class Consumer:
    """A consumer that has a hypervisor id.

    Attributes:
        hypervisor_id: in lower case, as the server keeps it; None for a consumer that has none.
        last_checkin: None for never.
        facts: None in lists, which do not show them.
        registered: whether it has an identity certificate, so is a registered system too; None in lists.
    """

    uuid: str
    name: str
    kind: str
    hypervisor_id: str | None
    reporter_id: str | None
    last_checkin: datetime | None
    facts: dict[str, str] | None
    registered: bool | None


def list_hypervisors(server: Candlepin, owner: str) -> list[Consumer]:
    """Every consumer of an owner that has a hypervisor id, page by page, sorted by that id.

    Raises:
        Denied: the account may not see the list; Candlepin shows it to users only, not to consumers.
        NotFound: no such owner; or a Satellite, which does not offer the list.
    """
    missing = owner_missing(owner, server.settings)
    if server.status().katello:
        missing = "is a Satellite, which does not show what it holds of hypervisors in this way"
    path = f"/owners/{quote(owner, safe='')}/hypervisors"
    found: dict[str, Consumer] = {}
    page = 1
    while True:
        params = {"page": page, "per_page": _PAGE, "order": "asc", "sort_by": "uuid"}
        try:
            items = server.call("GET", path, params=params, missing=missing).json()
        except Denied as exc:
            if server.settings.identity is None:
                raise
            raise Denied(f"{exc.message}. It shows them to users only: give username and password") from exc
        if not isinstance(items, list):
            raise BadAnswer(
                f"{server.what} answered with something that is no list of hypervisors; look at the server's log"
            )
        known = len(found)
        for item in items:
            consumer = _consumer(item, server.what, in_list=True)
            found[consumer.uuid] = consumer
        # A server that does not page gives all at once, or the same again.
        if len(items) != _PAGE or len(found) == known:
            return sorted(found.values(), key=lambda consumer: (consumer.hypervisor_id or "", consumer.uuid))
        page += 1


def get_consumer(server: Candlepin, uuid: str) -> Consumer:
    """One consumer with its facts.

    Raises:
        NotFound: it does not exist, or the account may not see it.
    """
    missing = f"does not know the consumer {shown(uuid)}"
    return _consumer(server.call("GET", _path(uuid), missing=missing).json(), server.what, in_list=False)


def get_guest_rows(server: Candlepin, uuid: str) -> dict[str, str]:
    """The guests of one consumer: their ids, with the id of the row that the server keeps for each.

    Raises:
        NotFound: it does not exist, or the account may not see it.
    """
    missing = f"does not know the consumer {shown(uuid)}"
    items = server.call("GET", f"{_path(uuid)}/guestids", missing=missing).json()
    rows = {}
    for item in items if isinstance(items, list) else [None]:
        row = item if isinstance(item, dict) else {}
        if not isinstance(row.get("guestId"), str):
            raise BadAnswer(f"{server.what} answered with something that is no list of guests of {shown(uuid)}")
        rows[row["guestId"]] = str(row.get("id"))
    return rows


def delete_consumer(server: Candlepin, uuid: str) -> None:
    """Remove a consumer; its uuid is never accepted again.

    Raises:
        NotFound: it does not exist, or the account may not see it.
        Denied: the account may not remove it.
    """
    server.call("DELETE", _path(uuid), missing=f"does not know the consumer {shown(uuid)}", repeatable=False)


def hypervisor_ids(server: Candlepin, owner: str, uuids: t.Sequence[str]) -> dict[str, str]:
    """The hypervisor ids of consumers, as far as the account may see them."""
    told: dict[str, str] = {}
    if len(uuids) > _WORTH_A_LIST:
        try:
            told = {item.uuid: item.hypervisor_id for item in list_hypervisors(server, owner) if item.hypervisor_id}
        except (Denied, NotFound):
            told = {}  # one by one then
    refusals = 0
    for uuid in uuids:
        if uuid in told:
            continue
        try:
            consumer = get_consumer(server, uuid)
        except (Denied, NotFound):
            refusals += 1
            if refusals == _REFUSALS:
                break
        else:
            if consumer.hypervisor_id:
                told[uuid] = consumer.hypervisor_id
    return told


def _path(uuid: str) -> str:
    return f"/consumers/{quote(uuid, safe='')}"


def _consumer(item: t.Any, what: str, in_list: bool) -> Consumer:
    data = item if isinstance(item, dict) else {}
    uuid = data.get("uuid")
    if not isinstance(uuid, str):
        raise BadAnswer(f"{what} answered with a consumer that has no uuid; look at the server's log")
    holder = data.get("hypervisorId")
    facts, kind = data.get("facts"), data.get("type")
    own_id, reporter = (
        (holder.get("hypervisorId"), holder.get("reporterId")) if isinstance(holder, dict) else (None, None)
    )
    return Consumer(
        uuid=uuid,
        name=str(data.get("name") or ""),
        kind=str(kind.get("label") if isinstance(kind, dict) else kind),
        hypervisor_id=own_id.lower() if isinstance(own_id, str) else None,
        reporter_id=reporter if isinstance(reporter, str) else None,
        last_checkin=read_moment(data.get("lastCheckin")),
        facts=None
        if in_list
        else {str(key): str(value) for key, value in (facts if isinstance(facts, dict) else {}).items()},
        registered=None if in_list else bool(data.get("idCert")),
    )
