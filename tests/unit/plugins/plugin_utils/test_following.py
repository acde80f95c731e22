# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Following sources in threads: polling, watching, failing, ending, and a day's worth of events."""

from __future__ import annotations

import json
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    CannotConnect,
    Denied,
    InvalidInput,
    Lost,
    MissingLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Hypervisor, Mapping
from ansible_collections.virtmap.core.plugins.plugin_utils import _following as following
from ansible_collections.virtmap.core.plugins.plugin_utils._event_source import following_for
from ansible_collections.virtmap.core.tests.unit.taking_events import DEADLINE, Taken, watched


def printed(*hosts: str) -> str:
    """virt-who's print form; of each text the first letter is a host, the others are its guests."""
    entries = [
        {"uuid": host, "guests": [{"guestId": guest, "state": 1, "attributes": {"active": 1}} for guest in guests]}
        for host, *guests in hosts
    ]
    return json.dumps({"hypervisors": entries})


def mapping(*guests: Guest) -> Mapping:
    return Mapping("esx", "vc", "2026-11-21T08:00:00Z", [Hypervisor("a", guests=list(guests))])


def test_a_source_without_events_is_asked_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(printed("ax", "b"))
    args = {"backend": "file", "path": str(path), "interval": 1, "settle": 0, "limit": 0}
    with Taken(following_for(args)) as taken:
        assert taken.next()["type"] == "snapshot"
        path.write_text(printed("a", "bx"))
        event = taken.next()
        assert (event["type"], event["guest"], event["hypervisor"]) == ("guest_moved", "x", "b")
        assert taken.next()["hypervisors"] == ["a", "b"]
        path.write_text("{")
        assert taken.next()["type"] == "source_failed"
        path.write_text(printed("a", "b"))
        assert taken.kinds(3) == ["source_recovered", "guest_gone", "changed"]


def test_a_watch_that_fails_at_first_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def watch(_options: t.Any, _selection: t.Any, _warn: t.Any, stop: threading.Event) -> t.Iterator[Mapping]:
        tries.append(1)
        if len(tries) < 3:
            raise CannotConnect("vc cannot be reached")
        yield mapping()
        stop.wait()

    with Taken(watched(monkeypatch, watch)) as taken:
        assert taken.kinds(3) == ["source_failed", "source_recovered", "snapshot"]


def test_a_connection_that_is_lost_is_told_and_so_is_what_happened_meanwhile(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def watch(_options: t.Any, _selection: t.Any, warn: t.Any, stop: threading.Event) -> t.Iterator[Mapping]:
        yield mapping()
        warn("two guests have one uuid, {{ x }}")
        warn(Lost("vc broke off the connection; reading all of it again in 1 second"))
        yield mapping(Guest("x"))
        stop.wait()

    with Taken(watched(monkeypatch, watch)) as taken:
        assert taken.kinds(5) == ["snapshot", "source_failed", "source_recovered", "guest_appeared", "changed"]
    assert caplog.messages[0] == "sources[0]: two guests have one uuid, { { x }}"
    assert len(caplog.messages) == 2


def test_what_a_server_repeats_of_a_secret_is_told_nowhere(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def watch(*args: t.Any) -> t.Iterator[Mapping]:
        args[2]("no twin of s3cret-word is known")
        yield mapping()
        raise Denied("vc does not know reader:s3cret-word")

    monkeypatch.setattr(following, "native_watch", lambda _backend: watch)
    options = {"backend": "esx", "server": "vc", "username": "reader", "password": "s3cret-word", "limit": 0}
    with Taken(following_for({**options, "settle": 0})) as taken:
        events = [taken.next(), taken.next()]
    assert "s3cret-word" not in json.dumps(events) + caplog.text
    assert events[1]["reason"] == "vc does not know reader:********"
    assert "no twin of ******** is known" in caplog.text


def test_refused_credentials_are_not_tried_over_and_over(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def watch(*_args: t.Any) -> t.Iterator[Mapping]:
        tries.append(1)
        raise Denied("vc refused the credentials")

    with Taken(watched(monkeypatch, watch)) as taken:
        assert taken.next()["type"] == "source_failed"
        time.sleep(0.2)
        assert tries == [1]


@pytest.mark.parametrize(
    "error, text",
    [
        (InvalidInput("hypervisor_id hwuuid does not exist"), "sources[0]: hypervisor_id hwuuid does not exist"),
        (MissingLibrary("lxml", "to read answers", None), "for the Python that runs ansible-rulebook"),
        (RuntimeError("a bug"), "a bug"),
    ],
)
def test_what_trying_again_cannot_mend_ends_it(monkeypatch: pytest.MonkeyPatch, error: Exception, text: str) -> None:
    def watch(*_args: t.Any) -> t.Iterator[Mapping]:
        raise error

    with Taken(watched(monkeypatch, watch)) as taken, pytest.raises(Exception, match=".") as caught:
        taken.next()
    assert text in str(caught.value)


def test_it_ends_when_told_to_while_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def watch(_options: t.Any, _selection: t.Any, _warn: t.Any, stop: threading.Event) -> t.Iterator[Mapping]:
        yield mapping()
        stop.wait()
        ended.set()

    found = watched(monkeypatch, watch)
    events = found.events()
    assert next(events)["type"] == "snapshot"
    threading.Timer(0.1, found.stop).start()
    assert next(events, None) is None
    assert ended.wait(DEADLINE)


def test_a_burst_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def watch(_options: t.Any, _selection: t.Any, _warn: t.Any, stop: threading.Event) -> t.Iterator[Mapping]:
        yield mapping(Guest("x", state=GuestState.RUNNING))
        go.wait(DEADLINE)
        for state in (GuestState.SHUTTING_DOWN, GuestState.SHUT_OFF, GuestState.RUNNING, GuestState.PAUSED):
            yield mapping(Guest("x", state=state))
        stop.wait()

    with Taken(watched(monkeypatch, watch, settle=0.3)) as taken:
        taken.next()
        go.set()
        event = taken.next()
        assert (event["previous_state"], event["state"]) == ("running", "paused")


def test_a_source_that_never_rests_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def watch(_options: t.Any, _selection: t.Any, _warn: t.Any, stop: threading.Event) -> t.Iterator[Mapping]:
        number = 0
        while not stop.wait(0.005):
            number += 1
            yield mapping(Guest(f"g{number}"))

    with Taken(watched(monkeypatch, watch, settle=0.05)) as taken:
        assert taken.kinds(3)[0] == "snapshot"


@pytest.mark.parametrize(
    "args, text",
    [
        ({}, "nothing to follow; give backend with its options, or sources"),
        ({"sources": []}, "sources is empty"),
        ({"sources": [{"backend": "esx"}]}, "sources[0]: "),
        ({"sources": [{"backend": "vmware"}]}, "sources[0].backend must be one of libvirt, esx"),
        ({"backend": "file", "path": "x", "sources": []}, "backend, path stands beside sources"),
        ({"backend": "file", "path": "x", "intervall": 5}, "intervall"),
        ({"backend": "file", "path": "x", "interval": 0}, "interval is 0, but must be at least 1 seconds"),
        ({"backend": "file", "path": "x", "settle": -1}, "settle is -1"),
        ({"backend": "file", "path": "x", "settle": "nan"}, "settle is nan"),
        ({"backend": "file", "path": "x", "settle": "soon"}, "settle"),
        ({"backend": "libvirt", "uri": "x", "timeout": 0}, "timeout is 0"),
        ({"backend": "file", "path": "x", "filter_hosts": ["("], "filter_type": "regex"}, "filter_hosts holds '('"),
    ],
)
def test_wrong_options_are_one_plain_sentence(args: dict[str, t.Any], text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        following_for(args)
    assert text in caught.value.message
    assert "\n" not in caught.value.message


def test_secrets_come_from_the_environment_and_stay_out_of_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTMAP_ESX_PASSWORD", "s3cret-word")
    given = {"backend": "esx", "server": "vc.example.com", "username": "reader"}
    assert following_for(given)._sources[0].options["password"] == "s3cret-word"
    with pytest.raises(VirtmapError) as caught:
        following_for({**given, "password": "s3cret-word", "port": "s3cret-word"})
    assert "s3cret-word" not in str(caught.value)
