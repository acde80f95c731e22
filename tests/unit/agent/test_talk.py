# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the agent says, when, and in which version of the protocol."""

from __future__ import annotations

import json

import pytest

NAMES_AT_START = [
    "session-startup",
    "host-name",
    "os-version",
    "network-interfaces",
    "active-user",
    "applications",
    "fqdn",
]
NAMES_AT_REFRESH = [
    "session-startup",
    "active-user",
    "applications",
    "host-name",
    "os-version",
    "network-interfaces",
    "disks-usage",
    "fqdn",
]


def names(messages):
    return [message["__name__"] for message in messages]


def without_reports(messages):
    """Leave out what comes by the clock."""
    return [message for message in messages if message["__name__"] != "heartbeat"]


def test_start_tells_what_version_0_knows(host, start):
    start()
    assert names(host.until("fqdn")) == NAMES_AT_START


def test_first_heartbeat_says_version_0_and_later_ones_3(host, start):
    start()
    first = host.until("heartbeat")[-1]
    second = host.until("heartbeat")[-1]
    assert (first["apiVersion"], second["apiVersion"]) == (0, 3)


def test_heartbeat_has_the_memory_in_the_types_of_the_protocol(host, start):
    start()
    beat = host.until("heartbeat")[-1]
    assert isinstance(beat["free-ram"], str)
    assert int(beat["free-ram"]) > 0
    assert set(beat["memory-stat"]) == {
        "mem_total", "mem_free", "mem_unused", "mem_buffers", "mem_cached", "swap_total", "swap_usage",
        "swap_in", "swap_out", "pageflt", "majflt",
    }  # fmt: skip
    assert all(isinstance(value, int) for value in beat["memory-stat"].values())
    assert 0 < beat["memory-stat"]["mem_unused"] <= beat["memory-stat"]["mem_free"] <= beat["memory-stat"]["mem_total"]


def test_version_is_negotiated_and_then_everything_is_told(host, start):
    start()
    host.until("fqdn")
    host.send("api-version", apiVersion=9)
    told = without_reports(host.fence())
    assert names(told) == [
        "session-startup", "active-user", "applications", "containers", "host-name", "os-version",
        "network-interfaces", "disks-usage", "fqdn", "timezone", "os-info", "number-of-cpus",
    ]  # fmt: skip
    by_name = {message["__name__"]: message for message in told}
    assert by_name["os-info"]["type"] == "linux"
    assert by_name["number-of-cpus"]["count"] > 0
    assert by_name["disks-usage"]["disks"][0].keys() == {"path", "fs", "total", "used"}
    assert isinstance(by_name["timezone"]["offset"], int)


def test_version_that_is_the_same_refreshes_nothing(host, start):
    start()
    host.until("fqdn")
    host.send("api-version", apiVersion=3)
    host.fence()
    host.send("api-version", apiVersion=3)
    assert without_reports(host.fence()) == []


@pytest.mark.parametrize("version", ["3", None, True, 2.5, [3]])
def test_version_that_is_no_integer_is_ignored(host, start, version):
    start()
    host.until("fqdn")
    host.send("api-version", apiVersion=version)
    assert without_reports(host.fence()) == []


def test_negative_version_is_version_0(host, start):
    start()
    host.until("fqdn")
    host.send("api-version", apiVersion=3)
    host.fence()
    host.send("api-version", apiVersion=-7)
    assert names(without_reports(host.fence())) == NAMES_AT_REFRESH


@pytest.mark.parametrize("arguments, tells_version_2", [({}, False), ({"apiVersion": 3}, True)])
def test_refresh_without_a_version_falls_back_to_version_0(host, start, arguments, tells_version_2):
    start()
    host.until("fqdn")
    host.send("api-version", apiVersion=3)
    host.fence()
    host.send("refresh", **arguments)
    told = names(without_reports(host.fence()))
    assert ("os-info" in told) == tells_version_2
    assert set(NAMES_AT_REFRESH) <= set(told)


def test_reports_come_on_time(host, start, settings):
    start(settings("heart_beat_rate = 1\nreport_disk_usage = 1\nreport_num_cpu_rate = 1\nreport_application_rate = 1"))
    host.until("fqdn")
    host.send("api-version", apiVersion=3)
    host.fence()
    seen = set(names(host.until("disks-usage") + host.until("number-of-cpus") + host.until("containers")))
    assert {"heartbeat", "disks-usage", "number-of-cpus", "applications", "containers"} <= seen


def test_number_of_processors_is_told_when_the_host_set_it(host, start):
    start()
    host.until("fqdn")
    host.send("api-version", apiVersion=1)
    host.fence()
    host.send("set-number-of-cpus", count=2)
    assert names(without_reports(host.fence())) == ["number-of-cpus"]


def test_user_and_session_are_told_when_they_change(host, start, monkeypatch):
    from virtmap_guest_agent import information

    state = {"user": "None", "locked": False}
    monkeypatch.setattr(information.Information, "user", lambda _self: state["user"])
    monkeypatch.setattr(information.Information, "locked", lambda _self: state["locked"])
    start()
    host.until("fqdn")
    state["user"] = "ann"
    assert without_reports(host.until("active-user")) == [
        {"__name__": "session-logon"},
        {"__name__": "active-user", "name": "ann"},
    ]
    state["locked"] = True
    assert names(without_reports(host.until("session-lock"))) == ["session-lock"]
    state["locked"] = False
    assert names(without_reports(host.until("session-unlock"))) == ["session-unlock"]
    state["user"] = "None"
    assert names(without_reports(host.until("active-user"))) == ["session-logoff", "active-user"]


def test_end_is_told(host, start):
    agent, thread = start()
    host.until("fqdn")
    agent.stop()
    assert host.until("session-shutdown")
    thread.join(20)
    assert not thread.is_alive()


def test_echo_gives_back_what_it_got(host, start):
    start()
    host.until("fqdn")
    host.send("echo", text="\u20ac{{ 1 }}", number=1, nested={"list": [True, None]})
    told = host.until("echo")[-1]
    assert told == {"__name__": "echo", "text": "\u20ac{{ 1 }}", "number": 1, "nested": {"list": [True, None]}}


def test_lines_are_ascii_and_unfit_characters_are_replaced(host, start):
    start()
    host.until("fqdn")
    host.send("echo", text="\x00\x08\t\n\x7f\x85\x86\ud800\uffff\u20ac")
    while b"echo" not in (line := host.line()):
        pass
    assert line.isascii()
    assert json.loads(line)["text"] == "\ufffd\ufffd\t\n\ufffd\x85\ufffd\ufffd\ufffd\u20ac"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\x00\xff\xfe",
        b"{",
        b"[]",
        b"7",
        b"null",
        b'{"no": "name"}',
        b'{"__name__": 7}',
        b"[" * 5000,
        b"x" * 200000,
    ],
)
def test_nonsense_is_dropped_and_the_next_line_is_obeyed(host, start, line):
    start()
    host.until("fqdn")
    host.write(line + b"\n")
    assert without_reports(host.fence()) == []


def test_flood_is_answered_without_looking_at_everything_again(host, start, monkeypatch):
    from virtmap_guest_agent import software

    looks = []
    monkeypatch.setattr(software, "applications", lambda _wanted: looks.append(1) or [])
    start()
    host.until("fqdn")
    before = len(looks)
    for _number in range(40):
        host.send("refresh", apiVersion=3)
        host.until("fqdn")
    assert len(looks) - before <= 20
