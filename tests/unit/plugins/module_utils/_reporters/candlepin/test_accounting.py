# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Every id that was sent comes back in exactly one place, whatever the server says."""

from __future__ import annotations

import random
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.accounting import SUCCESSES, account
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.payload import Entry


def entry(identifier: str, name: str | None = None) -> Entry:
    return Entry(identifier, name, 0, b"{}")


def consumer(name: str, uuid: str) -> dict[str, t.Any]:
    return {"name": name, "uuid": uuid, "owner": {"key": "acme"}}


@pytest.mark.parametrize("seed", range(200))
def test_every_id_is_accounted_for_exactly_once(seed: int) -> None:
    rng = random.Random(seed)
    entries = [entry(f"h{number}", rng.choice([None, "same", f"n{number}", f"h{number + 1}"])) for number in range(8)]
    truth: dict[str, str] = {}
    result: dict[str, t.Any] = {name: [] for name in (*SUCCESSES, "failedUpdate")}
    ids: dict[str, str] = {}
    for one in entries:
        fate = rng.choice([*SUCCESSES, *SUCCESSES, "failed", "both", "lost"])
        truth[one.id] = fate
        if fate in SUCCESSES or fate == "both":
            uuid = f"uuid-{one.id}"
            ids[uuid] = one.id
            kept = "kept by the server" if one.name is None and rng.random() < 0.5 else one.stored_name
            result[fate if fate in SUCCESSES else "updated"].append(consumer(kept, uuid))
        if fate in ("failed", "both"):
            result["failedUpdate"].append(f"{one.id}: Unable to update hypervisor with id {one.id} in org acme")
    allowed = rng.random() < 0.5
    outcome = account(entries, result, lambda uuids: {u: ids[u] for u in uuids} if allowed else {}, "it")
    found = [*outcome.created, *outcome.updated, *outcome.unchanged, *(key for key, _reason in outcome.failed)]
    assert sorted(map(str, found)) == sorted(truth)
    failed = {key for key, _reason in outcome.failed}
    # A host that failed is never passed off as taken, whether or not the account may look consumers up.
    assert {key for key, fate in truth.items() if fate in ("failed", "both")} <= failed
    if allowed:
        for name in SUCCESSES:
            assert sorted(getattr(outcome, name)) == sorted(key for key, fate in truth.items() if fate == name)
        assert failed == {key for key, fate in truth.items() if fate not in SUCCESSES}
    elif any(fate in ("created", "updated") for fate in truth.values()):
        assert outcome.changed or "both" in truth.values()


def test_nothing_is_looked_up_when_names_tell_all() -> None:
    entries = [entry(f"h{number}", f"name {number % 50}") for number in range(100)]
    result = {"unchanged": [consumer(one.stored_name, f"u{one.id}") for one in entries]}

    def refuse(_uuids: t.Sequence[str]) -> dict[str, str]:
        raise AssertionError("asked for nothing")

    assert len(account(entries, result, refuse, "it").unchanged) == 100


def test_a_failure_that_names_no_host_is_kept() -> None:
    outcome = account(
        [entry("a")], {"unchanged": [consumer("a", "u")], "failedUpdate": ["no idea"]}, lambda _u: {}, "it"
    )
    assert outcome.failed == [(None, "no idea")]
    assert outcome.unchanged == ["a"]


def test_ids_with_colons_and_of_other_case_are_found_in_failures() -> None:
    entries = [entry("iqn: a: b"), entry("B")]
    outcome = account(entries, {"failedUpdate": ["iqn: a: b: no", "b: no: way"]}, lambda _u: {}, "it")
    assert sorted(outcome.failed, key=str) == [("B", "no: way"), ("iqn: a: b", "no")]
