# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The way of a report: what is called, what is kept, what the result says."""

from __future__ import annotations

import json
import pickle
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.tests.servers.satellite5 import Satellite5Server, calling, failing
from ansible_collections.virtmap.core.tests.servers.satellite5.state import DistMap
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.satellite5.reports import (
    SECRET,
    UUID,
    UUID_2,
    Reporter,
    groups,
    guest,
    mapping,
)

STORED = UUID.replace("-", "")
STORED_2 = UUID_2.replace("-", "")
NOTIFY = "registration.virt_notify"
REGISTER = "registration.new_system_user_pass"


def register_elsewhere(server: Satellite5Server, name: str, os: str = "Hypervisor OS") -> str:
    """Register a profile as somebody else would; returns its system id."""
    database = server.database
    if not database.maps:
        database.maps.append(DistMap(1, "Hypervisor OS", "unknown", "channel-x86_64", "hypervisor-base"))
    methods = server._backend.methods
    return str(methods["new_system_user_pass"](name, os, "unknown", "x86_64", "admin", SECRET, {})["system_id"])


def test_first_run_makes_everything(reporter: Reporter, server: Satellite5Server) -> None:
    result = reporter(mapping(h1=[guest()]))
    assert reporter.calls == [
        "auth.login",
        "system.getId",
        "user.getDetails",
        "channel.software.getDetails",
        "channel.software.create",
        "distchannel.setMapForOrg",
        REGISTER,
        "registration.refresh_hw_profile",
        NOTIFY,
        "auth.logout",
    ]
    assert groups(result) == {"registered": ["h1"], "notified": ["h1"]}
    assert result["changed"] is True
    assert result["channel"] == {"label": "hypervisor-base-1", "created": True, "map_set": True}
    assert reporter.states("esx hypervisor h1") == {STORED: "running"}
    assert server.database.sessions == {}
    channel = server.database.channels["hypervisor-base-1"]
    assert (channel.name, channel.arch_label, channel.parent) == ("Hypervisor Base - 1", "channel-x86_64", "")
    assert server.database.maps == [DistMap(1, "Hypervisor OS", "unknown", "channel-x86_64", "hypervisor-base-1")]
    (system,) = server.database.systems.values()
    assert (system.os, system.release, system.arch) == ("Hypervisor OS", "unknown", "x86_64")


def test_second_run_notifies_and_nothing_else(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest()], h2=[]))
    result = reporter(mapping(h1=[guest()], h2=[]))
    assert reporter.calls == [NOTIFY, NOTIFY]
    assert groups(result) == {"unchanged": ["h1", "h2"]}
    assert result["changed"] is False
    assert result["channel"] is None


def test_what_changes_is_notified_and_what_does_not_is_unchanged(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest()], h2=[guest(UUID_2)]))
    result = reporter(mapping(h1=[guest(state="paused")], h2=[guest(UUID_2, name="renamed")]))
    assert groups(result) == {"notified": ["h1"], "unchanged": ["h2"]}
    assert result["changed"] is True
    assert reporter.states("esx hypervisor h1") == {STORED: "paused"}
    result = reporter(mapping(h1=[], h2=[guest(UUID_2)]))
    assert groups(result) == {"notified": ["h1"], "unchanged": ["h2"]}
    assert reporter.states("esx hypervisor h1") == {STORED: "stopped"}


def test_the_order_of_guests_makes_no_difference(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest(), guest(UUID_2)]))
    assert groups(reporter(mapping(h1=[guest(UUID_2), guest()]))) == {"unchanged": ["h1"]}


def test_a_channel_without_its_map_is_repaired(reporter: Reporter, server: Satellite5Server) -> None:
    reporter(mapping(h1=[]))
    server.database.maps.clear()
    result = reporter(mapping(h1=[], h2=[]))
    assert result["channel"] == {"label": "hypervisor-base-1", "created": False, "map_set": True}
    assert groups(result) == {"registered": ["h2"], "notified": ["h2"], "unchanged": ["h1"]}
    assert "channel.software.create" not in reporter.calls


def test_the_channel_is_looked_at_once_for_many_hypervisors(reporter: Reporter) -> None:
    reporter(mapping(h1=[], h2=[], h3=[]))
    assert reporter.calls.count("channel.software.getDetails") == 1
    assert reporter.calls.count("auth.login") == 1


def test_a_map_to_another_channel_is_used_and_told(reporter: Reporter, server: Satellite5Server) -> None:
    reporter(mapping(h1=[]))
    server.database.maps[0].channel_label = "hypervisor-base"
    result = reporter(mapping(h1=[], h2=[]))
    assert result["channel"]["map_set"] is False
    assert any("to the channel hypervisor-base instead of hypervisor-base-1" in text for text in reporter.warnings)


def test_another_task_that_creates_the_channel_first(reporter: Reporter, server: Satellite5Server) -> None:
    reporter(mapping(h1=[]))
    server.faults.add(failing(-210, "No such channel"), when=calling("channel.software.getDetails"))
    result = reporter(mapping(h1=[], h2=[]))
    assert groups(result)["registered"] == ["h2"]
    assert result["channel"]["created"] is False


def test_a_user_without_roles_reports_once_everything_is_there(reporter: Reporter, server: Satellite5Server) -> None:
    server.database.add_user("worker", "worker123", server.organization.id)
    error = reporter.failing(mapping(h1=[]), username="worker", password="worker123")
    assert "channel hypervisor-base-1 is missing and needs channel_admin and org_admin" in error.message
    assert error.result["changed"] is False
    server.admin.roles = {"channel_admin"}
    error = reporter.failing(mapping(h1=[], h2=[]))
    assert "distribution channel map of hypervisor-base-1 is missing and needs org_admin" in error.message
    assert error.result["changed"] is True, "the channel was made"
    assert reporter.calls.count("distchannel.setMapForOrg") == 1, "asked once, not for each hypervisor"
    server.admin.roles = {"org_admin"}
    reporter(mapping(h1=[]))
    assert groups(reporter(mapping(h2=[]), username="worker", password="worker123"))["registered"] == ["h2"]


# -- system ids


def test_a_lost_file_is_recovered(reporter: Reporter, server: Satellite5Server) -> None:
    reporter(mapping(h1=[guest()]))
    reporter.file("h1").unlink()
    result = reporter(mapping(h1=[guest()]))
    assert groups(result) == {"recovered": ["h1"], "notified": ["h1"]}
    assert REGISTER not in reporter.calls
    assert len(server.database.systems) == 1
    assert groups(reporter(mapping(h1=[guest()]))) == {"unchanged": ["h1"]}


def test_a_damaged_file_is_recovered(reporter: Reporter) -> None:
    reporter(mapping(h1=[]))
    for content in ("{", "[]", '{"format": 1}', '{"format": 9, "system_id": "x"}'):
        reporter.file("h1").write_text(content, encoding="utf-8")
        assert groups(reporter(mapping(h1=[]))) == {"recovered": ["h1"], "notified": ["h1"]}
        assert any("cannot be used" in text for text in reporter.warnings)
    data = json.loads(reporter.file("h1").read_text(encoding="utf-8"))
    data["accepted"] = {"digest": 1}
    reporter.file("h1").write_text(json.dumps(data), encoding="utf-8")
    assert groups(reporter(mapping(h1=[]))) == {"recovered": ["h1"], "notified": ["h1"]}


def test_a_deleted_profile_is_registered_again_once(reporter: Reporter, server: Satellite5Server) -> None:
    reporter(mapping(h1=[guest()]))
    server.database.systems.clear()
    result = reporter(mapping(h1=[guest()]))
    assert groups(result) == {"registered": ["h1"], "notified": ["h1"]}
    assert reporter.calls.count(REGISTER) == 1
    assert reporter.calls.count(NOTIFY) == 2
    assert groups(reporter(mapping(h1=[guest()]))) == {"unchanged": ["h1"]}


def test_a_server_that_takes_no_system_id_makes_no_flood_of_profiles(
    reporter: Reporter, server: Satellite5Server
) -> None:
    reporter(mapping(h1=[]))
    server.database.systems.clear()
    server.faults.add(failing(-9, "Invalid System Credentials."), times=None, when=calling(NOTIFY))
    error = reporter.failing(mapping(h1=[]))
    assert "does not take the system id" in error.message
    assert groups(error.result) == {"registered": ["h1"], "failed": ["h1"]}
    assert reporter.calls.count(REGISTER) == 1
    reporter.failing(mapping(h1=[]))
    assert REGISTER not in reporter.calls
    assert len(server.database.systems) == 1


def test_a_secret_that_changed_gives_new_certificates(reporter: Reporter, server: Satellite5Server) -> None:
    reporter(mapping(h1=[]))
    server.database.secret = "0" * 64
    assert groups(reporter(mapping(h1=[]))) == {"recovered": ["h1"], "notified": ["h1"]}
    assert len(server.database.systems) == 1


def test_two_servers_share_a_folder(reporter: Reporter, tmp_path: Path) -> None:
    reporter(mapping(h1=[]))
    with Satellite5Server() as other:
        second = Reporter(other, reporter.folder)
        assert groups(second(mapping(h1=[])))["registered"] == ["h1"]
        assert groups(second(mapping(h1=[]))) == {"unchanged": ["h1"]}
    assert groups(reporter(mapping(h1=[]))) == {"unchanged": ["h1"]}
    assert tmp_path in reporter.folder.parents


def test_two_profiles_of_one_name(reporter: Reporter, server: Satellite5Server) -> None:
    register_elsewhere(server, "esx hypervisor h1")
    register_elsewhere(server, "esx hypervisor h1")
    first, second = sorted(server.database.systems)
    server.database.systems[second].last_checkin = server.database.systems[first].last_checkin.replace(year=2001)
    result = reporter(mapping(h1=[guest()]))
    assert groups(result) == {"recovered": ["h1"], "notified": ["h1"]}
    assert server.guest_states(first) == {STORED: "running"}
    assert any(f"2 profiles named esx hypervisor h1; number {first} is used" in text for text in reporter.warnings)


def test_a_guest_with_the_name_of_a_hypervisor_is_no_profile_of_it(
    reporter: Reporter, server: Satellite5Server
) -> None:
    register_elsewhere(server, "esx hypervisor h1", os="Red Hat Enterprise Linux Server")
    (impostor,) = server.database.systems
    result = reporter(mapping(h1=[guest()]))
    assert groups(result) == {"registered": ["h1"], "notified": ["h1"]}
    assert server.guest_states(impostor) == {}


def test_a_profile_whose_system_id_is_not_handed_out_is_not_doubled(
    reporter: Reporter, server: Satellite5Server
) -> None:
    register_elsewhere(server, "esx hypervisor h1")
    server.faults.add(failing(1004, "no certificate"), when=calling("system.downloadSystemId"))
    error = reporter.failing(mapping(h1=[]))
    assert "no certificate" in error.message
    assert len(server.database.systems) == 1


# -- virt-who's files


@pytest.mark.parametrize("protocol", range(5))
def test_what_virt_who_saved_is_used_and_left(reporter: Reporter, server: Satellite5Server, protocol: int) -> None:
    system_id = register_elsewhere(server, "esx hypervisor H1")
    reporter.folder.mkdir()
    old = reporter.folder / "hypervisor-systemid-H1"
    old.write_bytes(pickle.dumps({"system_id": system_id, "channels": ["x"], "failed_options": []}, protocol))
    before = old.read_bytes()
    result = reporter(mapping(H1=[guest()]))
    assert groups(result) == {"notified": ["H1"]}
    assert reporter.calls == [NOTIFY]
    assert old.read_bytes() == before
    assert groups(reporter(mapping(H1=[guest()]))) == {"unchanged": ["H1"]}


def test_a_file_of_another_server(reporter: Reporter, server: Satellite5Server) -> None:
    with Satellite5Server() as other:
        system_id = register_elsewhere(other, "esx hypervisor h1")
    reporter.folder.mkdir()
    (reporter.folder / "hypervisor-systemid-h1").write_bytes(pickle.dumps({"system_id": system_id}))
    assert groups(reporter(mapping(h1=[]))) == {"registered": ["h1"], "notified": ["h1"]}
    assert reporter.calls.count(NOTIFY) == 2
    assert groups(reporter(mapping(h1=[]))) == {"unchanged": ["h1"]}
    assert len(server.database.systems) == 1


# -- guests


def test_a_guest_that_the_server_cannot_take_is_left_out(reporter: Reporter) -> None:
    bad = [guest("guest1", name="a"), guest("0" * 32, name="b"), guest("1" * 33, name="c"), guest("12_34", name="d")]
    result = reporter(mapping(h1=[*bad, guest()]))
    assert reporter.states("esx hypervisor h1") == {STORED: "running"}
    assert sorted(entry["name"] for entry in result["left_out"]) == ["a", "b", "c", "d"]
    assert next(entry for entry in result["left_out"] if entry["name"] == "a") == {
        "hypervisor": "h1",
        "uuid": "guest1",
        "name": "a",
        "reason": "its uuid is not made of at most 32 hex digits",
    }
    assert len(reporter.warnings) == 4
    assert any("the guest a of hypervisor h1 was left out" in warning for warning in reporter.warnings)
    assert groups(reporter(mapping(h1=[*bad, guest()]))) == {"unchanged": ["h1"]}


def test_guests_that_are_not_known_are_left_alone(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest()]))
    result = reporter(mapping(h1=None))
    assert reporter.calls == []
    assert groups(result) == {"unchanged": ["h1"]}
    assert reporter.states("esx hypervisor h1") == {STORED: "running"}
    assert "are not known" in reporter.warnings[0]


def test_a_guest_on_two_hypervisors_is_reported_as_seen(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest()], h2=[guest()]))
    assert reporter.states("esx hypervisor h1") == reporter.states("esx hypervisor h2") == {STORED: "running"}
    assert any("is seen on 2 hypervisors: h1, h2" in text for text in reporter.warnings)


def test_a_migration(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest()], h2=[]))
    result = reporter(mapping(h1=[], h2=[guest()]))
    assert groups(result) == {"notified": ["h1", "h2"]}
    assert reporter.states("esx hypervisor h1") == {STORED: "stopped"}
    assert reporter.states("esx hypervisor h2") == {STORED: "running"}


def test_long_names(reporter: Reporter, server: Satellite5Server) -> None:
    long = [f"{'x' * 150}-{number}" for number in (1, 2)]
    guests = {long[0]: [guest()], long[1]: [guest(UUID_2)]}
    result = reporter(mapping(**guests))
    assert groups(result)["registered"] == long
    names = {system.name for system in server.database.systems.values()}
    assert len(names) == 2
    assert {len(name) for name in names} == {128}
    for hypervisor in long:
        (path,) = [
            p
            for p in reporter.file("h1").parent.glob("*.json")
            if json.loads(p.read_text())["hypervisor"] == hypervisor
        ]
        path.unlink()
    assert groups(reporter(mapping(**guests)))["recovered"] == long
    assert len(server.database.systems) == 2


def test_ids_that_are_no_names_of_files(reporter: Reporter, tmp_path: Path) -> None:
    ids = ["../../escape", "..", ".lock", "a/b", "ü\u202e", "tab\tand\x00nul", "x" * 300]
    result = reporter(mapping(**dict.fromkeys(ids, [])))
    assert sorted(result["registered"]) == sorted(ids)
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} == {"ids"}
    assert sorted(reporter(mapping(**dict.fromkeys(ids, [])))["unchanged"]) == sorted(ids)


# -- mappings


def test_mappings_are_united(reporter: Reporter) -> None:
    result = reporter(mapping(h1=[guest()]), mapping("libvirt", H1=[guest(UUID_2)], h2=[]))
    assert len(result["registered"]) == 2
    assert reporter.states("esx hypervisor H1") == {STORED: "running", STORED_2: "running"}
    assert reporter.states("libvirt hypervisor h2") == {}
    assert any("comes from 2 answers" in text for text in reporter.warnings)
    again = reporter(mapping("libvirt", H1=[guest(UUID_2)], h2=[]), mapping(H1=[guest()]))
    assert again["unchanged"] == ["h2"], "the type of the first mapping names the guests"


@pytest.mark.parametrize("bad", [None, "absent"])
def test_a_mapping_that_is_not_whole_is_refused(reporter: Reporter, server: Satellite5Server, bad: t.Any) -> None:
    broken = mapping(h1=[])
    if bad is None:
        broken["hypervisors"] = None
    else:
        del broken["hypervisors"]
    with pytest.raises(InvalidInput, match=r"mappings\[1\].hypervisors is missing or null"):
        reporter(mapping(h1=[]), broken)
    assert server.log.connections == 0
    assert not reporter.folder.exists()


def test_an_empty_report_is_refused_unless_it_is_meant(reporter: Reporter, server: Satellite5Server) -> None:
    for empty, words in (([], "there is no mapping"), ([mapping()], r"mappings\[0\] of \S+ holds no hypervisor")):
        with pytest.raises(InvalidInput, match=words):
            reporter(*empty)
        result = reporter(*empty, allow_empty=True)
        assert (result["changed"], groups(result)) == (False, {})
    with pytest.raises(InvalidInput, match=r"mappings\[1\] of \S+ holds no hypervisor"):
        reporter(mapping(h1=[]), mapping())
    assert server.log.connections == 0


@pytest.mark.parametrize("suffix", ["", "/", "/XMLRPC", "/XMLRPC/", "/rpc/api"])
def test_the_address_may_name_an_endpoint(reporter: Reporter, suffix: str) -> None:
    assert reporter(mapping(h1=[]), server=reporter.server.url + suffix)["changed"] is True
    assert {entry.path for entry in reporter.server.log.find()} == {"/rpc/api", "/XMLRPC"}
