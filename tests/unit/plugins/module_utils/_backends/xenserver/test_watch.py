# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Following a pool: every change arrives, also those that happened while nobody listened, in both forms of XAPI."""

from __future__ import annotations

import threading
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver import state, watch
from ansible_collections.virtmap.core.plugins.module_utils._core import watching
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers._relay import Relay
from ansible_collections.virtmap.core.tests.servers.xenserver import (
    NULL,
    Account,
    Host,
    Machine,
    Pool,
    XenServer,
    failing,
    method_of,
)
from ansible_collections.virtmap.core.tests.servers.xenserver.records import new
from ansible_collections.virtmap.core.tests.unit.following import Follower
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._backends.xenserver.conftest import (
    PASSWORD,
    Collector,
    complete,
)

ACCOUNT = Account("root", PASSWORD)
FROM = "event.from"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(watching, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(watching, "END_EVERY", 0.05)


def pool() -> Pool:
    return Pool(
        [Host("xen1", "h1"), Host("xen2", "h2")],
        [Machine("web1", "u1", host=0), Machine("web2", "u2", host=1), Machine("db1", "u3", host=0)],
        "Blue",
        templates=3,
    )


def served(**options: t.Any) -> XenServer:
    server = XenServer(pool(), ACCOUNT, **options)
    server.database.batch = 0.0
    return server


def follow(server: XenServer | str, **options: t.Any) -> Follower:
    return Follower(watch.watch, complete(server, **options))


def ref_of(server: XenServer, name: str) -> str:
    """The reference of a guest or host."""
    for kind in ("VM", "host"):
        for ref, record in server.tables[kind].items():
            if record["name_label"] == name:
                return ref
    raise KeyError(name)


def move(server: XenServer, name: str, host: str) -> None:
    """As XAPI does at the end of a migration."""
    ref, target = ref_of(server, name), ref_of(server, host)
    for other, record in list(server.tables["host"].items()):
        residents = [resident for resident in record["resident_VMs"] if resident != ref]
        server.database.change("host", other, resident_VMs=[*residents, ref] if other == target else residents)
    server.database.change("VM", ref, resident_on=target)


def told(change: t.Callable[[t.Any], object]) -> faults.Fault:
    """The events that the pool told, changed; what is no such answer stays as it is."""

    def changed(answer: t.Any) -> None:
        if answer.get("result", {}).get("events"):
            change(answer["result"])

    return faults.edited(changed)


def misbehave(server: XenServer, fault: faults.Fault, times: int = 1) -> None:
    server.faults.add(fault, times=times, when=lambda request: method_of(request) == FROM)


@pytest.mark.parametrize("speaks_json", [True, False])
def test_the_first_mapping_is_that_of_collecting(speaks_json: bool, gather: Collector) -> None:
    with served(speaks_json=speaks_json) as server, follow(server) as follower:
        assert {**follower.first().to_dict(), "collected_at": ""} == {**gather(server).to_dict(), "collected_at": ""}
        assert follower.warnings == [
            f"the password goes to 127.0.0.1:{server.port} unencrypted; write server without http://"
        ]


@pytest.mark.parametrize("speaks_json", [True, False])
def test_each_change_arrives(speaks_json: bool) -> None:
    with served(speaks_json=speaks_json) as server, follow(server) as follower:
        follower.first()
        move(server, "web1", "xen2")
        assert follower.until("guest_moved web1") == ["guest_moved web1"]
        server.database.change("VM", ref_of(server, "web1"), power_state="Paused")
        assert follower.until("guest_state web1") == ["guest_state web1"]
        record = new("VM", uuid="u4", name_label="new1", power_state="Running", resident_on=ref_of(server, "xen1"))
        server.database.add("VM", "OpaqueRef:new1", record)
        assert follower.until("guest_appeared new1") == ["guest_appeared new1"]
        server.database.change("VM", ref_of(server, "db1"), power_state="Halted", resident_on=NULL)
        assert follower.until("guest_gone db1") == ["guest_gone db1"]
        server.database.remove("VM", ref_of(server, "db1"))
        server.database.add("host", "OpaqueRef:xen3", new("host", uuid="h3", hostname="xen3", name_label="xen3"))
        assert follower.until("hypervisor_appeared h3") == ["hypervisor_appeared h3"]
        server.database.remove("host", "OpaqueRef:xen3")
        assert follower.until("hypervisor_gone h3") == ["hypervisor_gone h3"]
        assert follower.before is not None
        assert follower.before.unplaced == []
        assert not [warning for warning in follower.warnings if "unencrypted" not in warning]


def test_what_does_not_matter_is_no_mapping() -> None:
    """Nor is what the pool changes in objects all the time, or in those of others."""
    with served() as server, follow(server) as follower:
        follower.first()
        server.database.change("VM", ref_of(server, "web1"), memory_target=5)
        server.database.change("VM", ref_of(server, "Default template 1"), name_label="other")
        server.database.change("pool", next(iter(server.tables["pool"])), name_description="x")
        server.database.change("VM", ref_of(server, "web1"), name_label="web9")
        # The first mapping that comes is that of the last change.
        after = follower.next()
        assert "web9" in {guest.name for host in after.hypervisors for guest in host.guests or ()}


def test_a_batch_of_many_events() -> None:
    many = Pool([Host("xen1", "h1"), Host("xen2", "h2")], [Machine(f"m{n}", f"u{n}", host=0) for n in range(400)])
    with XenServer(many, ACCOUNT) as server, follow(server) as follower:
        assert follower.first().guest_count == 400
        target = ref_of(server, "xen2")
        for ref, record in list(server.tables["VM"].items()):
            if record["name_label"].startswith("m"):
                server.database.change("VM", ref, resident_on=target)
        seen = follower.until(*(f"guest_moved m{n}" for n in range(400)))
        assert len(seen) == 400


def test_it_ends_at_once_and_leaves_nothing_behind() -> None:
    with served() as server:
        with follow(server) as follower:
            follower.first()
            server.wait_for(FROM)
        assert follower.ended.is_set()
        assert len(follower.warnings) == 1
        assert server.sessions == set()


def test_giving_up_the_iteration_logs_out() -> None:
    with served() as server:
        mappings = watch.watch(complete(server), Selection(), print, threading.Event())
        assert next(iter(mappings)).guest_count == 3
        mappings.close()  # type: ignore[attr-defined]
        assert server.sessions == set()


@pytest.mark.parametrize("speaks_json", [True, False])
def test_a_session_that_ends_is_made_up_for(speaks_json: bool) -> None:
    with served(speaks_json=speaks_json) as server, follow(server) as follower:
        follower.first()
        server.end_sessions()
        move(server, "web1", "xen2")
        follower.until("guest_moved web1")
        misbehave(server, failing("SESSION_INVALID", "OpaqueRef:x"))
        move(server, "web1", "xen1")
        follower.until("guest_moved web1")
        follower.until_warned("ended the session at event.from (SESSION_INVALID)")
        assert not [warning for warning in follower.warnings if "OpaqueRef:x" in warning]


def test_another_host_becomes_the_coordinator() -> None:
    with served() as server, served(host="127.0.0.2", port=server.port) as second, follow(server) as follower:
        follower.first()
        server.coordinator = "127.0.0.2"
        move(second, "web1", "xen2")
        misbehave(server, failing("HOST_IS_SLAVE", "127.0.0.2"))
        server.database.wake()
        server.database.change("VM", ref_of(server, "web1"), name_label="x")
        follower.until("guest_moved web1")
        move(second, "web1", "xen1")
        follower.until("guest_moved web1")
        assert follower.before is not None
        assert follower.before.source == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("speaks_json", [True, False])
@pytest.mark.parametrize(
    "fault", [failing("EVENTS_LOST"), failing("EVENT_FROM_TOKEN_PARSE_FAILURE", "x")], ids=lambda fault: fault.name
)
def test_lost_events_are_made_up_for_within_the_session(fault: faults.Fault, speaks_json: bool) -> None:
    with served(speaks_json=speaks_json) as server, follow(server) as follower:
        follower.first()
        misbehave(server, fault)
        move(server, "web1", "xen2")
        follower.until("guest_moved web1")
        move(server, "web2", "xen1")
        follower.until("guest_moved web2")
        assert len(follower.warnings) == 1
        assert server.log_methods().count("session.login_with_password") == (1 if speaks_json else 2)


def test_events_that_are_lost_again_and_again_end_the_session() -> None:
    with served() as server, follow(server) as follower:
        follower.first()
        server.wait_for(FROM)
        misbehave(server, failing("EVENTS_LOST"), times=3)
        move(server, "web1", "xen2")
        follower.until("guest_moved web1")
        move(server, "web1", "xen1")
        follower.until("guest_moved web1")


@pytest.mark.parametrize("speaks_json", [True, False])
def test_a_deletion_that_is_not_told_is_noticed_by_the_count(speaks_json: bool) -> None:
    with served(speaks_json=speaks_json) as server, follow(server) as follower:
        follower.first()
        with server.database.held():
            server.database.remove("VM", ref_of(server, "db1"))
            server.database.forget_deleted()
            server.database.change("VM", ref_of(server, "web2"), power_state="Paused")
        follower.until("guest_gone db1", "guest_state web2")


def test_an_old_host_that_says_timeout_for_nothing() -> None:
    with served() as server, follow(server) as follower:
        follower.first()
        misbehave(server, failing("EVENT_FROM", "timeout"), times=3)
        move(server, "web1", "xen2")
        follower.until("guest_moved web1")
        assert len(follower.warnings) == 1


def test_nothing_happens_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "WAIT", 0.02)
    with served() as server, follow(server) as follower:
        follower.first()
        while server.log_methods().count(FROM) < 5:
            assert not follower.ended.wait(0.01)
        move(server, "web1", "xen2")
        assert follower.until("guest_moved web1") == ["guest_moved web1"]


@pytest.mark.parametrize("speaks_json", [True, False])
def test_nothing_is_lost_while_the_server_is_away(speaks_json: bool) -> None:
    with served(speaks_json=speaks_json) as server, follow(server) as follower:
        follower.first()
        server.wait_for(FROM)
        server.pause()
        server.end_sessions()
        move(server, "web1", "xen2")
        server.database.change("VM", ref_of(server, "web2"), power_state="Paused")
        server.database.remove("VM", ref_of(server, "db1"))
        follower.until_warned("reading all of it again in")
        server.resume()
        follower.until("guest_moved web1", "guest_state web2", "guest_gone db1")


@pytest.mark.parametrize(
    "fault",
    [
        faults.disconnect(),
        faults.disconnect(reset=True),
        faults.cut_off(0.6),
        faults.cut_off(0.6, chunked=True),
        faults.status(500),
        faults.status(503),
        faults.throttled(0),
        faults.status(404),
        faults.nonsense("html"),
        faults.nonsense("bad_json"),
        faults.nonsense("object"),
        failing("HOST_STILL_BOOTING"),
        failing("INTERNAL_ERROR", "x"),
        told(lambda result: result.clear()),
        told(lambda result: result.update(token="")),
        told(lambda result: result.update(events={})),
        told(lambda result: result.update(events=[7])),
        told(lambda result: result["events"][0].pop("ref")),
        told(lambda result: result["events"][0].pop("operation")),
        told(lambda result: result["events"][0].pop("snapshot")),
        told(lambda result: result["events"][0].update(operation="eaten")),
        told(lambda result: result.pop("valid_ref_counts")),
        told(lambda result: result["valid_ref_counts"].update(vm="many")),
    ],
    ids=lambda fault: fault.name,
)
def test_nothing_is_lost_after_a_bad_answer(fault: faults.Fault) -> None:
    with served() as server, follow(server) as follower:
        follower.first()
        server.wait_for(FROM)
        misbehave(server, fault, times=2)
        for host in ("xen2", "xen1", "xen2"):
            move(server, "web1", host)
        follower.until("guest_moved web1")
        server.database.change("VM", ref_of(server, "web2"), power_state="Paused")
        follower.until("guest_state web2")


def test_a_record_with_a_field_missing_is_left_out_and_named() -> None:
    with served() as server, follow(server) as follower:
        follower.first()
        server.database.change("VM", ref_of(server, "web1"), uuid=None)
        assert follower.until("guest_gone web1") == ["guest_gone web1"]
        assert follower.before is not None
        assert [entry.name for entry in follower.before.skipped] == ["web1"]
        server.database.change("VM", ref_of(server, "web2"), resident_on=None)
        assert follower.until("guest_gone web2") == ["guest_gone web2"]


def test_a_hanging_call_ends_by_its_deadline_and_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "WAIT", 1)
    with served() as server, Relay(("127.0.0.1", server.port)) as relay:
        with follow(f"http://127.0.0.1:{relay.port}", timeout=3) as follower:
            follower.first()
            relay.freeze()
            move(server, "web1", "xen2")
            follower.until_warned("did not answer in full within")
            relay.restore()
            follower.until("guest_moved web1")


@pytest.mark.parametrize("code", [401, 403])
def test_a_right_that_is_lost_ends_it(code: int) -> None:
    with served() as server, follow(server) as follower:
        follower.first()
        misbehave(server, faults.status(code))
        server.database.change("VM", ref_of(server, "web1"), power_state="Paused")
        with pytest.raises(Denied):
            follower.exhaust()


def test_a_role_that_is_lost_ends_it() -> None:
    with served() as server, follow(server) as follower:
        follower.first()
        server.account = Account("root", PASSWORD, role=False)
        server.database.change("VM", ref_of(server, "web1"), power_state="Paused")
        with pytest.raises(Denied, match="does not allow root to call"):
            follower.exhaust()


def test_a_password_that_no_longer_holds_ends_it() -> None:
    with served() as server, follow(server) as follower:
        follower.first()
        server.account = Account("root", "another")
        server.end_sessions()
        with pytest.raises(Denied, match="refused the user name or password"):
            follower.exhaust()
        assert server.log_methods().count("session.login_with_password") == 2


@pytest.mark.parametrize(
    ("fault", "error"), [(faults.status(503), CannotConnect), (faults.nonsense("html"), BadAnswer)]
)
def test_a_first_reading_that_fails_is_an_error(fault: faults.Fault, error: type[VirtmapError]) -> None:
    with served() as server:
        server.faults.add(fault, times=None)
        with follow(server) as follower, pytest.raises(error):
            follower.next()


def test_bad_options_are_refused_before_contact() -> None:
    with follow("https://u:p@xen.example.com") as follower, pytest.raises(InvalidInput):
        follower.next()
    with follow("xen.example.com", hypervisor_id="hwuuid") as follower, pytest.raises(InvalidInput):
        follower.next()


def test_a_host_of_before_events_is_refused_with_a_reason() -> None:
    with served(speaks_events=False) as server, follow(server) as follower:
        with pytest.raises(BadAnswer, match="has no events"):
            follower.next()


def test_a_warning_is_told_once_for_each_time_it_comes_up() -> None:
    with served() as server, follow(server) as follower:
        follower.first()
        metrics = server.tables["host"][ref_of(server, "xen1")]["metrics"]
        server.database.change("host_metrics", metrics, live=False)
        for host in ("xen2", "xen1", "xen2"):
            move(server, "web1", host)
            follower.until("guest_moved web1")
        assert len([warning for warning in follower.warnings if "do not answer their pool" in warning]) == 1
