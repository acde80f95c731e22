# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a guest says, in one shape, whatever it says."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, InvalidInput, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.info import information

from .conftest import tell

PROGRAM = Path(__file__).resolve().parents[5] / "roles" / "guest_agent" / "files"
TEMPLATE = "{{ lookup('pipe', 'id') }}"


def ask(options, warnings, **given):
    result = information(options(**given), warnings.append)
    assert result["changed"] is False
    # It must travel as JSON, whatever the guest says.
    json.loads(json.dumps(result, allow_nan=False))
    return result["guest_agent"]


@pytest.fixture
def real_agent(guest, tmp_path, monkeypatch):
    """Our own agent behind the socket."""
    monkeypatch.syspath_prepend(str(PROGRAM))
    from virtmap_guest_agent.agent import Agent
    from virtmap_guest_agent.configuration import read_settings
    from virtmap_guest_agent.information import Information
    from virtmap_guest_agent.port import Port
    from virtmap_guest_agent.work import Worker

    path = tmp_path / "agent.conf"
    path.write_text("[general]\nheart_beat_rate = 1\n")
    settings = read_settings((str(path),))

    def serve(_this, connection):
        agent = Agent(settings, Information(settings), Worker({}, ""))
        threading.Timer(15, agent.stop).start()
        agent.serve(Port(os.dup(connection.fileno())))

    return guest(serve)


def test_our_agent_tells_everything(real_agent, options, warnings):
    told = ask(options, warnings, socket=real_agent.path, timeout=10)
    assert warnings == []
    assert (told["responsive"], told["reason"], told["protocol"]) == (True, None, "ovirt")
    assert told["fqdn"] == told["hostname"] == socket.getfqdn()
    assert told["os"]["type"] == "linux"
    assert told["os"]["kernel"] == os.uname().release
    assert told["cpus"] == os.cpu_count()
    assert told["memory"]["total"] > told["memory"]["unused"] > 0
    assert told["filesystems"]
    assert told["timezone"]["offset"] == -time.timezone // 60
    assert told["users"] == []


def test_silent_agent_is_not_responsive(guest, options, warnings):
    silent = guest(lambda this, connection: list(this.lines(connection)))
    told = ask(options, warnings, socket=silent.path)
    assert told["responsive"] is False
    assert "another program, such as VDSM or libvirt, holds the channel" in told["reason"]
    assert told["interfaces"] == []


@pytest.mark.parametrize("protocol", ["ovirt", "qemu"])
def test_second_client_does_not_hang(tmp_path, options, warnings, protocol):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "port"))
    listener.listen(1)
    first = socket.socket(socket.AF_UNIX)
    first.connect(str(tmp_path / "port"))
    begun = time.monotonic()
    told = ask(options, warnings, socket=str(tmp_path / "port"), protocol=protocol)
    assert told["responsive"] is False
    assert "holds the channel" in told["reason"]
    assert time.monotonic() - begun < 30
    first.close()
    listener.close()


def test_channel_with_a_queue_of_clients_is_said(tmp_path, options, warnings):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "port"))
    listener.listen(0)
    first = socket.socket(socket.AF_UNIX)
    first.connect(str(tmp_path / "port"))
    with pytest.raises(CannotConnect, match="takes no more clients|cannot be connected to"):
        ask(options, warnings, socket=str(tmp_path / "port"), timeout=1)
    first.close()
    listener.close()


def test_missing_socket_is_said(tmp_path, options, warnings):
    with pytest.raises(NotFound, match="there is no socket .*check the path"):
        ask(options, warnings, socket=str(tmp_path / "none"))


def test_socket_that_nobody_listens_at_is_said(tmp_path, options, warnings):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    with pytest.raises(CannotConnect, match="cannot be connected to"):
        ask(options, warnings, socket=str(tmp_path / "dead"))


def test_empty_socket_is_refused(options, warnings):
    with pytest.raises(InvalidInput, match="socket is empty"):
        ask(options, warnings, socket="")


@pytest.mark.parametrize("protocol", ["ovirt", "qemu"])
def test_guest_that_hangs_up_is_not_responsive(guest, options, warnings, protocol):
    told = ask(options, warnings, socket=guest(lambda _this, _connection: None).path, protocol=protocol)
    assert told["responsive"] is False
    assert "closed by the other end" in told["reason"]


def test_what_was_left_in_the_channel_is_no_life(guest, options, warnings):
    def serve(this, connection):
        tell(connection, "host-name", name="dead.example.com")
        list(this.lines(connection))

    assert ask(options, warnings, socket=guest(serve).path)["responsive"] is False


def test_agent_that_is_slow_to_answer_but_alive_is_responsive(guest, options, warnings):
    def serve(_this, connection):
        while True:
            tell(connection, "heartbeat", **{"free-ram": "1", "apiVersion": 3})
            time.sleep(0.3)

    assert ask(options, warnings, socket=guest(serve).path, timeout=3)["responsive"] is True


def test_line_that_another_client_began_is_ended_first(guest, options, warnings):
    heard = []
    silent = guest(lambda _this, connection: heard.append(connection.recv(1)))
    ask(options, warnings, socket=silent.path, protocol="ovirt", timeout=1)
    assert heard == [b"\n"]


def test_rest_of_another_clients_line_is_passed_over(ovirt, options, warnings):
    told = ask(options, warnings, socket=ovirt(before=b'1": 2}, "__name__": "x"}\n').path)
    assert told["responsive"] is True
    assert warnings == []


@pytest.mark.parametrize(
    "noise, warning",
    [
        (b"\n\n  \n", None),
        (b"x" * (3 * 1024 * 1024) + b"\n", "1 lines from the guest at .* were too long"),
        (b"first\nnonsense\n[1]\n7\nnull\n", "4 lines .* were no messages"),
        (b'first\n{"no": "name"}\n{"__name__": {}}\n', "2 lines .* were no messages"),
        (b'first\n{"__name__": "heartbeat", "apiVersion": NaN}\n', "1 lines .* were no messages"),
        (b"first\n" + b"[" * 200000 + b"\n", "1 lines .* were no messages"),
        (b'first\n{"__name__": "x", "y": ' + b"9" * 6000 + b"}\n", "were no messages|not of the protocol"),
        (b'{"__name__": "a\\u001b[31mb"}\n', "not of the protocol: a\ufffd.31mb"),
        (b'{"__name__": "' + b"y" * 500 + b'"}\n', "not of the protocol: y+"),
    ],
)
def test_noise_costs_nothing_but_a_warning(ovirt, options, warnings, noise, warning):
    told = ask(options, warnings, socket=ovirt(before=noise).path, timeout=10)
    assert told["responsive"] is True
    assert told["memory"] == {"total": 2048 * 1024}
    if warning is None:
        assert warnings == []
    else:
        import re

        assert len(warnings) == 1
        assert re.search(warning, warnings[0])
        assert len(warnings[0]) < 400
        assert warnings[0].isprintable()


def test_line_without_end_costs_nothing_but_time(guest, options, warnings):
    def serve(_this, connection):
        for _number in range(200):
            connection.sendall(b"x" * 65536)
        time.sleep(5)

    told = ask(options, warnings, socket=guest(serve).path)
    assert told["responsive"] is False
    assert "too long" in warnings[0]


@pytest.mark.parametrize("protocol", ["ovirt", "qemu"])
@pytest.mark.parametrize(
    "line", [b"x\n", b'{"__name__": "heartbeat", "apiVersion": 3}\n', b'{"return": 5}\n', b"x" * 65536]
)
def test_flood_is_cut_off(guest, options, warnings, protocol, line):
    def serve(_this, connection):
        while True:
            connection.sendall(line * max(1, 65536 // len(line)))

    begun = time.monotonic()
    told = ask(options, warnings, socket=guest(serve).path, timeout=20, protocol=protocol)
    assert time.monotonic() - begun < 60
    assert told["responsive"] is False
    assert "floods the channel" in told["reason"]
    assert "sends more than any agent would" in warnings[0]


def test_control_characters_are_replaced_and_templates_stay_text(ovirt, options, warnings):
    def more(connection, name, _arguments):
        if name == "refresh":
            tell(connection, "host-name", name=TEMPLATE)
            tell(connection, "fqdn", fqdn="a\x1b[2J\x00\ud800b\n")
            tell(connection, "disks-usage", disks=[], mapping={"s\x07n": {"name": "/dev/\x1bvda"}})

    told = ask(options, warnings, socket=ovirt(more).path)
    assert told["hostname"] == TEMPLATE
    assert told["fqdn"] == "a\ufffd[2J\ufffd\ufffdb\n"
    assert told["disks"] == [{"serial": "s\ufffdn", "name": "/dev/\ufffdvda"}]


WRONG = [None, True, 7, -1e300, "", "x", [], [None, 7, "y", {"name": 7}, [[]]], {}, {"a": {"b": []}}, 10**400]


@pytest.mark.parametrize(
    "name, keys",
    [
        ("heartbeat", ["free-ram", "memory-stat", "apiVersion"]),
        ("memory-stats", ["memory"]),
        ("host-name", ["name"]),
        ("fqdn", ["fqdn"]),
        ("os-version", ["version"]),
        ("os-info", ["version", "distribution", "codename", "arch", "type", "kernel"]),
        ("timezone", ["zone", "offset"]),
        ("network-interfaces", ["interfaces"]),
        ("applications", ["applications"]),
        ("containers", ["list"]),
        ("disks-usage", ["disks", "mapping"]),
        ("active-user", ["name"]),
        ("number-of-cpus", ["count"]),
        ("uninstalled", []),
        ("completion", ["reply_id", "done"]),
    ],
)
def test_values_of_the_wrong_kind_are_left_out(ovirt, options, warnings, name, keys):
    def more(connection, asked, _arguments):
        if asked == "refresh":
            tell(connection, name)
            for value in WRONG:
                tell(connection, name, **dict.fromkeys(keys, value))

    told = ask(options, warnings, socket=ovirt(more).path)
    assert told["responsive"] is True
    assert warnings == []


def test_windows_writes_numbers_as_text(ovirt, options, warnings):
    def more(connection, asked, _arguments):
        if asked == "refresh":
            tell(connection, "memory-stats", memory={"mem_total": "4096", "mem_free": "1024", "mem_unused": "x"})
            tell(connection, "session-lock")
            tell(connection, "active-user", name="ann@example.com")

    told = ask(options, warnings, socket=ovirt(more).path)
    assert (told["session"], told["users"]) == ("locked", ["ann@example.com"])


def test_addresses_are_those_that_others_can_reach(ovirt, options, warnings):
    def more(connection, asked, _arguments):
        if asked == "refresh":
            interfaces = [
                {
                    "name": "eth0",
                    "hw": "52:54:00:00:00:01",
                    "inet": ["192.0.2.5", "169.254.1.1", TEMPLATE],
                    "inet6": ["fe80::1"],
                },
                {"name": "eth1", "inet": ["192.0.2.5"], "inet6": ["2001:db8::5", "::1"]},
            ]
            tell(connection, "network-interfaces", interfaces=interfaces)

    assert ask(options, warnings, socket=ovirt(more).path)["addresses"] == ["192.0.2.5", "2001:db8::5"]


# qemu-ga
ANSWERS = {
    "guest-info": {
        "version": "7.2.0",
        "supported_commands": [
            {"name": name, "enabled": name != "guest-get-users", "success-response": True}
            for name in (
                "guest-fsfreeze-status", "guest-get-host-name", "guest-get-osinfo", "guest-get-timezone",
                "guest-network-get-interfaces", "guest-get-users", "guest-get-vcpus", "guest-get-fsinfo",
            )
        ],
    },
    "guest-fsfreeze-status": "thawed",
    "guest-get-host-name": {"host-name": "web1.example.com"},
    "guest-get-osinfo": {"id": "debian", "name": "Debian GNU/Linux", "version-id": "12", "kernel-release": "6.1.0", "machine": "x86_64"},
    "guest-get-timezone": {"zone": "CET", "offset": 3600},
    "guest-network-get-interfaces": [
        {"name": "lo", "ip-addresses": [{"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8}]},
        {"name": "eth0", "hardware-address": "52:54:00:00:00:01", "ip-addresses": [
            {"ip-address": "192.0.2.7", "ip-address-type": "ipv4", "prefix": 24},
            {"ip-address": "fe80::7", "ip-address-type": "ipv6", "prefix": 64},
        ]},
    ],
    "guest-get-vcpus": [{"logical-id": 0, "online": True}, {"logical-id": 1, "online": False}],
    "guest-get-fsinfo": [
        {"name": "vda1", "mountpoint": "/", "type": "ext4", "total-bytes": 100, "used-bytes": 40, "disk": [{"serial": "S1", "dev": "/dev/vda"}]}
    ],
}  # fmt: skip


def qemu_ga(answers, noise=b""):
    """A qemu-ga that answers from a table, as the real one frames it."""

    def serve(this, connection):
        connection.sendall(noise)
        for line in this.lines(connection):
            request = json.loads(line.rpartition(b"\xff")[2])
            if b"\xff" in line:
                connection.sendall(b'{"error": {"class": "GenericError", "desc": "Invalid JSON syntax"}}\n')
            if request["execute"] == "guest-sync-delimited":
                answer = {"return": request["arguments"]["id"]}
                connection.sendall(b"\xff" + json.dumps(answer).encode() + b"\n")
                continue
            answer = answers.get(request["execute"], {"error": {"class": "CommandNotFound", "desc": "not found"}})
            if callable(answer):
                answer = answer(connection, request.get("arguments"))
                if answer is None:
                    continue
            is_error = isinstance(answer, dict) and "error" in answer
            connection.sendall(json.dumps(answer if is_error else {"return": answer}).encode() + b"\n")

    return serve


def test_qemu_ga_tells_everything_in_the_same_shape(guest, options, warnings):
    told = ask(options, warnings, socket=guest(qemu_ga(ANSWERS)).path, protocol="qemu")
    assert warnings == []
    assert told["responsive"] is True
    assert told["hostname"] == told["fqdn"] == "web1.example.com"
    assert told["os"]["name"] == "Debian GNU/Linux"
    assert told["timezone"] == {"zone": "CET", "offset": 60}
    assert [entry["name"] for entry in told["interfaces"]] == ["eth0"]
    assert told["addresses"] == ["192.0.2.7"]
    assert told["cpus"] == 1
    assert told["filesystems"] == [{"path": "/", "fs": "ext4", "total": 100, "used": 40}]
    assert told["disks"] == [{"serial": "S1", "name": "/dev/vda"}]
    assert told["agent_version"] == "7.2.0"
    assert "guest-get-users" not in told["commands"]
    assert told["fsfreeze"] == "thawed"


def test_frozen_guest_refuses_most_and_is_still_responsive(guest, options, warnings):
    refusal = {"error": {"class": "GenericError", "desc": "Command disabled: frozen"}}
    answers = {name: refusal for name in ANSWERS if name not in ("guest-info", "guest-fsfreeze-status")}
    answers.update({"guest-info": ANSWERS["guest-info"], "guest-fsfreeze-status": "frozen"})
    told = ask(options, warnings, socket=guest(qemu_ga(answers)).path, protocol="qemu")
    assert (told["responsive"], told["fsfreeze"], told["hostname"]) == (True, "frozen", None)


@pytest.mark.parametrize("wrong", WRONG)
def test_qemu_ga_that_answers_nonsense(guest, options, warnings, wrong):
    answers = {**dict.fromkeys(ANSWERS, wrong), "guest-info": ANSWERS["guest-info"]}
    told = ask(options, warnings, socket=guest(qemu_ga(answers)).path, protocol="qemu")
    assert told["responsive"] is True


def test_agent_that_stops_answering_is_no_failure(guest, options, warnings):
    # It may wait for a dead network file system.
    serve = qemu_ga({**ANSWERS, "guest-get-fsinfo": lambda _connection, _arguments: None})
    told = ask(options, warnings, socket=guest(serve).path, protocol="qemu", timeout=1)
    assert told["responsive"] is False
    assert "did not answer guest-get-fsinfo within" in told["reason"]


def test_what_another_client_left_is_passed_over(guest, options, warnings):
    noise = b'rest"}\n{"return": 77}\n{"error": 5}\n'
    assert ask(options, warnings, socket=guest(qemu_ga(ANSWERS, noise)).path, protocol="qemu")["cpus"] == 1
    assert warnings == []


def test_name_of_the_socket_says_which_agent(guest, options, warnings, tmp_path):
    one = guest(qemu_ga(ANSWERS))
    path = tmp_path / "web1.org.qemu.guest_agent.0"
    os.symlink(one.path, path)
    assert ask(options, warnings, socket=str(path))["protocol"] == "qemu"


def test_libvirts_flat_form_is_the_same_shape():
    from ansible_collections.virtmap.core.plugins.module_utils._guest_agent import qemu_convert as convert
    from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.shape import Report

    report = Report("web1", "qemu")
    told = {
        "hostname": "web1.example.com", "os.id": "debian", "os.name": "Debian GNU/Linux", "os.version-id": "12",
        "os.kernel-release": "6.1.0", "os.machine": "x86_64", "timezone.name": "CET", "timezone.offset": 3600,
        "user.count": 2, "user.0.name": "ann", "user.1.name": "ann", "fs.count": 1, "fs.0.mountpoint": "/",
        "fs.0.fstype": "ext4", "fs.0.total-bytes": 100, "fs.0.used-bytes": 40, "fs.0.disk.count": 1,
        "fs.0.disk.0.serial": "S1", "fs.0.disk.0.device": "/dev/vda",
    }  # fmt: skip
    convert.from_libvirt(report, told)
    convert.libvirt_interfaces(
        report,
        {
            "lo": {"addrs": [{"addr": "127.0.0.1", "prefix": 8, "type": 0}], "hwaddr": None},
            "eth0": {"addrs": [{"addr": "192.0.2.7", "prefix": 24, "type": 0}], "hwaddr": "52:54:00:00:00:01"},
            "eth1": {"addrs": None, "hwaddr": "52:54:00:00:00:02"},
        },
    )
    convert.libvirt_vcpus(report, {"vcpus": "0-3", "online": "0-1,3", "offlinable": "1-3"})
    result = report.to_dict()
    assert result["users"] == ["ann"]
    assert result["os"]["version"] == "12"
    assert result["timezone"] == {"zone": "CET", "offset": 60}
    assert result["filesystems"] == [{"path": "/", "fs": "ext4", "total": 100, "used": 40}]
    assert result["disks"] == [{"serial": "S1", "name": "/dev/vda"}]
    assert result["addresses"] == ["192.0.2.7"]
    assert [entry["name"] for entry in result["interfaces"]] == ["eth0", "eth1"]
    assert result["cpus"] == 3


def test_module_ends_with_one_sentence(tmp_path):
    from ansible_collections.virtmap.core.tests.unit.run_module import run_module

    result = run_module("guest_agent_info", {"socket": str(tmp_path / "none")})
    assert result["failed"]
    assert result["msg"].startswith("there is no socket")
    assert "Traceback" not in result["_stdout"] + result["_stderr"]
    assert sys.version_info
