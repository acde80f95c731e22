# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the server holds, shown; and what nobody reports any more, removed."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
    Partial,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin import consumers, stale
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.options import INFO, REMOVAL
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    host,
    mapping,
)

DAY = 86400
NAMES = ("server", "prefix", "ca_path", "timeout", "proxy", "owner", "username", "password")


def info(reporter: Reporter, **more: t.Any) -> dict[str, t.Any]:
    given = {**{name: reporter.defaults[name] for name in NAMES}, **more}
    return stale.show(INFO.validate({key: value for key, value in given.items() if value is not None}, "the test"))


def remove(reporter: Reporter, check: bool = False, diff: bool = False, **more: t.Any) -> dict[str, t.Any]:
    given = {**{name: reporter.defaults[name] for name in NAMES}, "state": "absent", **more}
    return stale.remove(REMOVAL.validate(given, "the test"), reporter.warnings.append, check, diff)


def names(reporter: Reporter) -> list[str]:
    return sorted(reporter.server.state.hypervisors_of("acme"))


@pytest.fixture(name="aged")
def aged_fixture(reporter: Reporter) -> Reporter:
    """Hypervisors old1 and old2, reported two days ago, and new, reported now; by the server's clock, not by ours."""
    reporter(mapping(host("OLD1", ["g1"]), host("old2")))
    reporter.server.state.clock.advance(2 * DAY)
    reporter(mapping(host("new", ["g3", "g2"])), heartbeat=False)
    return reporter


def test_shows_all_with_guests_reporter_and_age(aged: Reporter) -> None:
    result = info(aged)
    assert result["changed"] is False
    assert result["owner"] == "acme"
    assert [entry["id"] for entry in result["hypervisors"]] == ["new", "old1", "old2"]
    first = result["hypervisors"][0]
    assert first["guests"] == ["g2", "g3"]
    assert (first["name"], first["reporter_id"], first["type"]) == ("new.example.com", "reporter-1", "hypervisor")
    assert first["uuid"] == aged.held("new").uuid
    assert first["last_checkin"].endswith("Z")
    assert [entry["stale"] for entry in result["hypervisors"]] == [False, True, True]
    assert result["stale"] == ["old1", "old2"]
    assert info(aged, stale_after=3 * DAY)["stale"] == []


def test_a_heartbeat_makes_them_young_again(aged: Reporter) -> None:
    aged()
    aged.server.jobs.settle()
    assert info(aged)["stale"] == []


def test_shows_only_what_is_asked_for(aged: Reporter) -> None:
    result = info(aged, hypervisor_ids=["Old1", "none"], guests=False)
    assert [entry["id"] for entry in result["hypervisors"]] == ["old1"]
    assert "guests" not in result["hypervisors"][0]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_lists_are_read_page_by_page(aged: Reporter, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "_PAGE", size)
    assert len(info(aged, guests=False)["hypervisors"]) == 3


def test_a_server_that_does_not_page_is_not_asked_for_ever(aged: Reporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "_PAGE", 1)
    everything = [{"uuid": "u1", "hypervisorId": {"hypervisorId": "a"}, "type": {"label": "hypervisor"}}]
    aged.server.faults.add(faults.status(200, everything), path=".*/hypervisors", times=None)
    assert len(info(aged, guests=False)["hypervisors"]) == 1


def test_a_certificate_shows_nothing_which_is_explained(aged: Reporter) -> None:
    pair = aged.server.register("acme").pair
    with pytest.raises(Denied, match="users only: give username and password"):
        info(aged, username=None, password=None, client_cert=str(pair.cert), client_key=str(pair.key))


def test_a_satellite_shows_nothing_which_is_explained(make: t.Callable[..., Reporter]) -> None:
    with pytest.raises(NotFound, match="is a Satellite, which does not show"):
        info(make("katello"))


def test_removes_what_is_named_and_nothing_else(aged: Reporter) -> None:
    result = remove(aged, hypervisor_ids=["Old1", "unknown"], diff=True)
    assert (result["changed"], result["removed"], result["failed_hosts"]) == (True, ["old1"], [])
    assert list(result["diff"]["before"]) == ["old1"]
    assert names(aged) == ["new", "old2"]
    again = remove(aged, hypervisor_ids=["Old1"])
    assert (again["changed"], again["removed"]) == (False, [])


def test_removes_what_is_stale(aged: Reporter) -> None:
    assert remove(aged, stale_after=DAY)["removed"] == ["old1", "old2"]
    assert names(aged) == ["new"]


def test_removes_of_what_is_named_only_what_is_stale(aged: Reporter) -> None:
    assert remove(aged, stale_after=DAY, hypervisor_ids=["new", "old2"])["removed"] == ["old2"]
    assert names(aged) == ["new", "old1"]


def test_an_empty_list_of_ids_removes_nothing(aged: Reporter) -> None:
    assert remove(aged, hypervisor_ids=[])["removed"] == []
    assert remove(aged, hypervisor_ids=[], stale_after=1)["removed"] == []


def test_check_mode_names_what_would_be_removed(aged: Reporter) -> None:
    result = remove(aged, check=True, stale_after=DAY)
    assert (result["changed"], result["removed"]) == (True, ["old1", "old2"])
    assert aged.server.log.find("DELETE") == []


@pytest.mark.parametrize("check", [True, False])
def test_more_than_allowed_removes_nothing_at_all(aged: Reporter, check: bool) -> None:
    with pytest.raises(InvalidInput, match="2 hypervisors would be removed, but max_removals is 1") as caught:
        remove(aged, check=check, stale_after=DAY, max_removals=1)
    assert caught.value.result["candidates"] == ["old1", "old2"]
    assert names(aged) == ["new", "old1", "old2"]


def test_a_registered_system_is_never_removed(aged: Reporter) -> None:
    # The system was reported as a hypervisor by others, and is still registered.
    registered = aged.server.register("acme", "kvm.example.com")
    aged.server.state.set_facts(registered.consumer, {"dmi.system.uuid": "u-1"})
    aged(mapping(host("kvm", facts={"dmi.system.uuid": "u-1"})))
    aged.server.state.clock.advance(2 * DAY)
    result = remove(aged, stale_after=DAY)
    assert "kvm" not in result["removed"]
    assert any("kvm was not removed: it is a registered system" in text for text in aged.warnings)
    with pytest.raises(Partial, match="kvm .it is a registered system") as caught:
        remove(aged, hypervisor_ids=["kvm"])
    assert caught.value.result["failed_hosts"][0]["id"] == "kvm"
    assert names(aged) == ["kvm"]


def test_one_that_checks_in_meanwhile_stays(aged: Reporter) -> None:
    def check_in(_items: t.Any) -> None:
        aged(mapping(host("old1", ["g1"])))
        aged.server.jobs.settle()

    aged.server.faults.add(faults.edited(check_in), path=".*/owners/acme/hypervisors")
    aged.defaults["heartbeat"] = False
    assert remove(aged, stale_after=DAY)["removed"] == ["old2"]
    assert names(aged) == ["new", "old1"]
    assert any("has checked in meanwhile" in text for text in aged.warnings)


def test_one_that_is_removed_by_somebody_else_meanwhile_is_absent(aged: Reporter) -> None:
    def delete(_items: t.Any) -> None:
        aged.server.state.delete(aged.held("old1"))

    aged.server.faults.add(faults.edited(delete), path=".*/owners/acme/hypervisors")
    assert remove(aged, stale_after=DAY)["removed"] == ["old2"]


def test_one_that_cannot_be_removed_is_named_and_the_others_are_removed(aged: Reporter) -> None:
    aged.server.faults.add(faults.status(500), method="DELETE", path=f".*/{aged.held('old1').uuid}")
    with pytest.raises(Partial, match="did not remove 1 of 2 hypervisors: old1") as caught:
        remove(aged, stale_after=DAY)
    assert caught.value.result["removed"] == ["old2"]
    assert caught.value.result["changed"] is True


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.hang(), CannotConnect),
        (faults.drip_body(), CannotConnect),
        (faults.cut_off(), CannotConnect),
        (faults.status(500), BadAnswer),
        (faults.throttled(3600), CannotConnect),
        (faults.nonsense("html"), BadAnswer),
        (faults.nonsense("object"), BadAnswer),
        (faults.without("uuid"), BadAnswer),
    ],
)
def test_a_list_that_does_not_come_whole_removes_nothing(
    aged: Reporter, fault: faults.Fault, kind: type[VirtmapError]
) -> None:
    aged.server.faults.add(fault, path=".*/owners/acme/hypervisors", times=None)
    timeout = 2 if fault.name in ("hang", "drip_body") else 20
    with pytest.raises(kind):
        remove(aged, stale_after=DAY, timeout=timeout)
    with pytest.raises(kind):
        info(aged, timeout=timeout)
    assert names(aged) == ["new", "old1", "old2"]


@pytest.mark.parametrize("given", [{"max_removals": 0, "stale_after": 1}, {"stale_after": 0}])
def test_wrong_numbers_are_refused(reporter: Reporter, given: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="must be at least 1"):
        remove(reporter, **given)
    assert reporter.server.log.connections == 0
