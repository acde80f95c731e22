# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the agent does when the host orders something, and what it does not do."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time

import pytest

# The time in which what the host says may be older than the agent.
OLD = 2.5


def fresh(host):
    """Get past the time in which orders may be old ones."""
    host.until("fqdn")
    time.sleep(OLD)


def test_order_from_before_the_start_is_not_obeyed(host, start, orders):
    host.send("shutdown", timeout="0", message="old", reboot="false")
    host.send("lock-screen")
    start()
    host.until("fqdn")
    host.fence()
    time.sleep(OLD)
    host.send("log-off")
    assert orders.event.wait(20)
    assert [name for name, _arguments in orders.taken] == ["log-off"]


def test_old_order_that_comes_after_a_slow_look_at_the_machine_is_not_obeyed(host, start, orders, monkeypatch):
    from virtmap_guest_agent import system

    monkeypatch.setattr(system, "fqdn", lambda: time.sleep(3) or "slow.example.com")
    host.send("shutdown", timeout="0")
    start()
    host.until("fqdn")
    host.fence()
    assert orders.taken == []


def test_long_queue_of_old_orders_is_not_obeyed(host, start, orders):
    begin = json.dumps({"__name__": "shutdown", "message": "x" * 900}).encode() + b"\n"
    feeder = threading.Thread(
        target=lambda: [(host.write(begin), time.sleep(0.1)) for _number in range(40)], daemon=True
    )
    feeder.start()
    start()
    feeder.join(20)
    host.fence()
    assert orders.taken == []


def test_new_orders_are_obeyed(host, start, orders):
    start()
    fresh(host)
    host.send("shutdown", timeout="90", message="Bye", reboot="True")
    assert orders.event.wait(20)
    assert orders.taken == [("shutdown", {"timeout": "90", "message": "Bye", "reboot": "True"})]


def test_flood_of_orders_is_cut_off(host, start, orders, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(orders, "_note", lambda name: lambda arguments: (orders.taken.append(name), gate.wait(20)))
    start()
    fresh(host)
    for _number in range(50):
        host.send("lock-screen")
    host.fence()
    gate.set()
    time.sleep(0.5)
    assert 1 <= len(orders.taken) <= 6


def test_heart_beats_while_an_order_is_carried_out(host, start, orders, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(orders, "_note", lambda _name: lambda _arguments: gate.wait(60))
    start()
    fresh(host)
    host.send("hibernate", state="mem")
    assert host.until("heartbeat")
    assert host.until("heartbeat")
    gate.set()


@pytest.mark.parametrize(
    "arguments, minutes, reboot",
    [
        ({"timeout": "0", "reboot": "false"}, 0, False),
        ({"timeout": 61, "reboot": "true"}, 2, True),
        ({"timeout": "60", "reboot": "True"}, 1, True),
        ({"timeout": "soon", "reboot": True}, 0, True),
        ({"reboot": False}, 0, False),
        ({"timeout": None, "reboot": None}, 0, False),
        ({"timeout": -5}, 0, False),
        ({"timeout": 1e400}, 0, False),
    ],
)
def test_shutdown_is_understood_in_every_spelling(arguments, minutes, reboot):
    from virtmap_guest_agent.orders import shutdown

    action = shutdown(arguments)
    assert (action["minutes"], action["reboot"], action["message"]) == (minutes, reboot, "System is going down")


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Programs that note how they were called, in the place of those that act."""
    folder = tmp_path / "bin"
    folder.mkdir()
    log = tmp_path / "calls"
    for name in ("shutdown", "systemctl", "loginctl"):
        path = folder / name
        path.write_text(f'#!/bin/sh\nprintf "%s|" {name} "$@" >>{log}\necho >>{log}\n')
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return lambda: log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize(
    "action, called",
    [
        (
            {"action": "shutdown", "minutes": 2, "message": "-r $(id) `id`\n'x'", "reboot": False},
            "shutdown|-h|--|+2|-r $(id) `id` 'x'|",
        ),
        ({"action": "shutdown", "minutes": 0, "message": "", "reboot": True}, "shutdown|-r|--|+0||"),
        ({"action": "hibernate", "state": "mem"}, "systemctl|suspend|"),
        ({"action": "hibernate", "state": "disk"}, "systemctl|hibernate|"),
        ({"action": "lock"}, "loginctl|lock-sessions|"),
    ],
)
def test_actions_run_programs_without_a_shell(programs, action, called):
    from virtmap_guest_agent.actions import act

    act(action)
    assert programs() == [called]


@pytest.mark.parametrize(
    "request_line",
    [
        b"",
        b"{",
        b"[]",
        b'{"action": "sh"}',
        b'{"action": "__class__"}',
        b'{"action": "shutdown"}',
        b'{"action": "shutdown", "minutes": "1; id", "message": "", "reboot": false}',
        b'{"action": "shutdown", "minutes": -1, "message": "", "reboot": false}',
        b'{"action": "hibernate", "state": "../x"}',
        b'{"action": "lock", "pad": "' + b"x" * 5000 + b'"}',
    ],
)
def test_helper_refuses_what_it_does_not_know(programs, request_line):
    import io

    from virtmap_guest_agent.helper import serve

    answer = io.BytesIO()
    assert not serve(io.BytesIO(request_line + b"\n"), answer)
    assert json.loads(answer.getvalue())["error"]
    assert programs() == []


def test_agent_asks_the_helper_over_its_socket(tmp_path, programs):
    from virtmap_guest_agent.actions import Failed
    from virtmap_guest_agent.helper import serve
    from virtmap_guest_agent.helper_client import ask

    path = str(tmp_path / "helper.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(2)

    def answer():
        for _number in range(2):
            with listener.accept()[0] as channel, channel.makefile("rwb") as stream:
                serve(stream, stream)

    threading.Thread(target=answer, daemon=True).start()
    ask({"action": "lock"}, lambda _action: pytest.fail("the agent acted itself"), path)
    with pytest.raises(Failed, match="no action 'nonsense'"):
        ask({"action": "nonsense"}, lambda _action: pytest.fail("the agent acted itself"), path)
    assert programs() == ["loginctl|lock-sessions|"]
    listener.close()


def hook(folder, event, name, text, mode=0o755):
    place = folder / event
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(f"#!/bin/sh\n{text}\n")
    (place / name).chmod(mode)


def test_hooks_run_in_order_and_completion_follows(host, start, tmp_path):
    note = tmp_path / "note"
    hooks = tmp_path / "hooks.d"
    hook(hooks, "before_migration", "20-second", f"echo second >>{note}")
    hook(hooks, "before_migration", "10-first", f"echo first >>{note}; exit 3")
    hook(hooks, "before_migration", "15-no-program", "echo never", mode=0o644)
    start()
    fresh(host)
    host.send("api-version", apiVersion=3)
    host.send("lifecycle-event", type="before_migration", reply_id="0b5f")
    assert host.until("completion")[-1] == {"__name__": "completion", "reply_id": "0b5f", "done": True}
    assert note.read_text() == "first\nsecond\n"


@pytest.mark.parametrize("kind", ["after_migration", "unknown", "__class__", "../../tmp", None, 7, ["x"]])
def test_completion_comes_without_hooks_and_for_unknown_events(host, start, kind):
    start()
    fresh(host)
    host.send("api-version", apiVersion=3)
    host.send("lifecycle-event", type=kind, reply_id="77")
    assert host.until("completion")[-1]["reply_id"] == "77"


def test_no_completion_without_a_reply_id(host, start):
    start()
    fresh(host)
    host.send("api-version", apiVersion=3)
    host.send("lifecycle-event", type="after_hibernation")
    assert "completion" not in [message["__name__"] for message in host.fence() + host.until("heartbeat")]


def take_credentials(address, token, results):
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(10)
        channel.connect(address)
        try:
            channel.sendall(token.encode())
            results.append(channel.recv(256))
        except (BrokenPipeError, ConnectionResetError):
            # Hung up on before the token was even read.
            results.append(b"")


def test_login_gives_the_credentials_to_who_knows_the_token():
    from virtmap_guest_agent.login import hand_over

    address = f"\0virtmap-test-{os.getpid()}"
    results, threads = [], []

    def tell(token):
        assert len(token) == 6
        assert token.isdigit()
        for given in ("000000", "", token):
            threads.append(threading.Thread(target=take_credentials, args=(address, given or "x", results)))
            threads[-1].start()
            threads[-1].join(0.5)

    assert hand_over("ann@example.com", "p\u00e4ss", tell, address, trusted={os.geteuid()})
    for thread in threads:
        thread.join(10)
    name = b"ann@example.com"
    packed = struct.pack(">I", len(name)) + name + "p\u00e4ss".encode() + b"\0"
    assert sorted(results) == [b"", b"", packed]


def test_login_gives_nothing_to_others(monkeypatch):
    from virtmap_guest_agent import login

    monkeypatch.setattr(login, "ACCEPT_SECONDS", 1.0)
    address = f"\0virtmap-test-other-{os.getpid()}"
    results, threads = [], []

    def tell(token):
        threads.append(threading.Thread(target=take_credentials, args=(address, token, results)))
        threads[-1].start()

    assert not login.hand_over("ann", "secret", tell, address, trusted={os.geteuid() + 1})
    threads[0].join(10)
    assert results == [b""]


def test_login_is_refused_without_a_user(caplog):
    from virtmap_guest_agent.orders import Orders

    for arguments in (
        {},
        {"username": "ann"},
        {"username": "", "password": "s3cret"},
        {"username": 1, "password": "s3cret"},
    ):
        Orders().table()["login"](arguments)
    assert "names no user" in caplog.text
    assert "s3cret" not in caplog.text
