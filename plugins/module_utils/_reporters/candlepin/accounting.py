# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What became of every hypervisor that was sent. Private to this collection; pure but for look-ups that it is given.

Candlepin's result names consumers, not the hypervisor ids that were sent, and it may leave a host out altogether. Every
id that was sent must come back in exactly one place here.
"""

from __future__ import annotations

import typing as t
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.compare import SYSTEM_UUID_FACT
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.payload import Entry

SUCCESSES = ("created", "updated", "unchanged")
# Asks the server for the hypervisor ids of consumers: uuids in, the ids that could be told out.
LookUp = t.Callable[[t.Sequence[str]], dict[str, str]]


@dataclass(frozen=True)
class Record:
    """One entry of the result: a consumer in one of the three lists.

    Attributes:
        hypervisor_id: only Candlepin 0.9 tells it.
    """

    outcome: str
    name: str
    uuid: str
    hypervisor_id: str | None = None


@dataclass
class Outcome:
    """What became of the hypervisors, by their ids as they were sent.

    Attributes:
        failed: id and reason. The id is None for a failure that the server does not attribute.
        warnings: sentences for the user.
        job: the job that told it, as results show it; None where there was none.
        unattributed_change: something was created or updated that cannot be attributed to one of the ids.
    """

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[tuple[str | None, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unattributed_change: bool = False
    job: dict[str, str] | None = None

    @property
    def changed(self) -> bool:
        """Whether the server holds something else than before."""
        return bool(self.created or self.updated or self.unattributed_change)

    def to_dict(self) -> dict[str, t.Any]:
        """The outcome as the module returns it."""
        return {
            "changed": self.changed,
            "job": self.job,
            **{name: sorted(getattr(self, name)) for name in SUCCESSES},
            "failed_hosts": [
                {"id": key, "reason": reason}
                for key, reason in sorted(self.failed, key=lambda item: (item[0] or "", item[1]))
            ],
        }


def account(entries: t.Sequence[Entry], result: t.Any, look_up: LookUp, what: str) -> Outcome:
    """Attribute the result of a check-in to the hypervisors that were sent.

    Args:
        result: created, updated, unchanged and failedUpdate, as Candlepin returns them.
        look_up: called only where names do not tell which host is meant.
        what: the server, for errors.

    Raises:
        BadAnswer: the result is of another shape.
    """
    records, failures = _read(result, what)
    outcome = Outcome()
    open_ids = _Open(entries)
    for text in failures:
        key, reason = _split_failure(text, entries_by_id=open_ids.by_id)
        outcome.failed.append((key, reason))
    failed = {key.lower() for key, _reason in outcome.failed if key is not None}
    placed = _place(records, open_ids, failed, look_up, outcome)
    for key, found in sorted(placed.items()):
        if key not in failed:
            # An id may be listed twice when it was sent twice; the strongest word is the true one.
            getattr(outcome, min(found, key=SUCCESSES.index)).append(open_ids.by_id[key].id)
    for key, entry in open_ids.by_id.items():
        if key not in failed and key not in placed:
            outcome.failed.append((entry.id, open_ids.why_lost(key, what)))
    return outcome


class _Open:
    """The hypervisors that were sent, by id and by the name that the server knows them under."""

    def __init__(self, entries: t.Sequence[Entry]) -> None:
        self.by_id = {entry.id.lower(): entry for entry in entries}
        self.by_name: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            self.by_name[entry.stored_name].append(entry.id.lower())
        self.merged: dict[str, str] = {}
        self.untold: set[str] = set()

    def find_merged(self, claimed: dict[str, str], placed: t.Container[str], failed: t.Container[str]) -> None:
        """Find the hosts whose record another host of the same report has taken over.

        Args:
            claimed: consumers whose id the server told, with that id: of several hosts in one record only the last
                is held.
        """
        winners = {_system_uuid(self.by_id[key]): self.by_id[key].id for key in claimed.values()}
        for key, entry in self.by_id.items():
            uuid = _system_uuid(entry) if key not in placed and key not in failed else None
            if uuid is not None and uuid in winners:
                self.merged[key] = winners[uuid]

    def why_lost(self, key: str, what: str) -> str:
        if key in self.merged:
            return (
                f"{what} merged it into the record of hypervisor {shown(self.merged[key])}, because both have one "
                "dmi.system.uuid; give each host a uuid of its own"
            )
        if key in self.untold:
            return (
                f"{what} mentions fewer hypervisors in the result of the check-in than were sent, and does not tell "
                "this account whether this one is among them; look for it in the server's log"
            )
        return f"{what} does not mention it in its result, so that it was not saved; look for it in the server's log"


def _place(
    records: list[Record], sent: _Open, failed: set[str], look_up: LookUp, outcome: Outcome
) -> dict[str, list[str]]:
    """For each lower-cased id that could be attributed, the lists in which it stands."""
    placed: dict[str, list[str]] = defaultdict(list)
    by_name: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.hypervisor_id is not None and record.hypervisor_id.lower() in sent.by_id:
            placed[record.hypervisor_id.lower()].append(record.outcome)
        else:
            by_name[record.name].append(record)
    uuids = Counter(record.uuid for record in records)
    unclear: list[Record] = []
    for name, found in by_name.items():
        ids = [key for key in sent.by_name.get(name, ()) if key not in placed]
        sure = all(uuids[record.uuid] == 1 for record in found)
        if sure and len(ids) == len(found) and len({record.outcome for record in found}) == 1:
            for key, record in zip(ids, found):
                placed[key].append(record.outcome)
        else:
            unclear += found
    if unclear:
        _place_unclear(unclear, sent, failed, look_up, placed, outcome)
    return placed


def _place_unclear(
    unclear: list[Record],
    sent: _Open,
    failed: set[str],
    look_up: LookUp,
    placed: dict[str, list[str]],
    outcome: Outcome,
) -> None:
    """Attribute records whose name does not tell the host: by asking the server, else by what is left over."""
    told = look_up(sorted({record.uuid for record in unclear}))
    rest: list[Record] = []
    claimed: dict[str, str] = {}
    for record in unclear:
        key = told.get(record.uuid, "").lower()
        if key in sent.by_id:
            placed[key].append(record.outcome)
            claimed[record.uuid] = key
        else:
            rest.append(record)
    sent.find_merged(claimed, placed, failed)
    _place_rest(rest, sent, failed, placed, outcome)


def _place_rest(
    rest: list[Record], sent: _Open, failed: set[str], placed: dict[str, list[str]], outcome: Outcome
) -> None:
    """Attribute by elimination what the server does not tell: as many records as hosts left account for all of them."""
    left = sorted(key for key in sent.by_id if key not in placed and key not in failed and key not in sent.merged)
    # A consumer that is listed twice stands for one host only.
    consumers = {record.uuid: record for record in sorted(rest, key=lambda item: -SUCCESSES.index(item.outcome))}
    records = sorted(consumers.values(), key=lambda item: SUCCESSES.index(item.outcome))
    if len(records) != len(left):
        outcome.unattributed_change = any(record.outcome != "unchanged" for record in records)
        if records:
            sent.untold.update(left)
        return
    if len({record.outcome for record in records}) > 1:
        names = listed(sent.by_id[key].id for key in left)
        outcome.warnings.append(
            "the server does not tell this account which of these hypervisors were created, updated or unchanged, "
            f"only how many: {names}"
        )
    for key, record in zip(left, records):
        placed[key].append(record.outcome)


def _system_uuid(entry: Entry) -> str | None:
    uuid = entry.document().get("facts", {}).get(SYSTEM_UUID_FACT)
    return uuid.lower() if uuid else None


def _read(result: t.Any, what: str) -> tuple[list[Record], list[str]]:
    if not isinstance(result, dict):
        said = f" but only said: {shown(result)}" if isinstance(result, str) and result.strip() else ""
        raise BadAnswer(
            f"{what} did not tell which hypervisors it took{said}; look at the job and the log of the server"
        )
    records: list[Record] = []
    for outcome in SUCCESSES:
        for item in _list(result, outcome, what):
            name, uuid = (item.get("name"), item.get("uuid")) if isinstance(item, dict) else (None, None)
            if not isinstance(name, str) or not isinstance(uuid, str):
                raise BadAnswer(
                    f"{what} lists something under {outcome} that is no consumer with name and uuid; look at the "
                    "server's log"
                )
            holder = item.get("hypervisorId")
            told = holder.get("hypervisorId") if isinstance(holder, dict) else None
            records.append(Record(outcome, name, uuid, told if isinstance(told, str) else None))
    return records, [str(item) for item in _list(result, "failedUpdate", what)]


def _list(result: dict[str, t.Any], key: str, what: str) -> list[t.Any]:
    value = result.get(key)
    if value is None:
        # A host that should have been in it is missed below, by its id.
        return []
    if not isinstance(value, list):
        raise BadAnswer(f"{what} answered a check-in with {key} that is no list; look at the server's log")
    return value


def _split_failure(text: str, entries_by_id: dict[str, Entry]) -> tuple[str | None, str]:
    """The id that a failure begins with, as it was sent, and the reason; ids may hold colons themselves."""
    at = text.rfind(": ")
    while at > 0:
        entry = entries_by_id.get(text[:at].lower())
        if entry is not None:
            return entry.id, shown(text[at + 2 :])
        at = text.rfind(": ", 0, at)
    return None, shown(text)
