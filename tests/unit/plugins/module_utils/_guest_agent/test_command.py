# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Orders: given only to who answers, with proof where there is one."""

from __future__ import annotations

import json
import threading

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.command import carry_out

from .conftest import tell
from .test_info import ANSWERS, qemu_ga


def give(options, warnings, command, *, check_mode=False, **given):
    return carry_out(options(command=command, **given), check_mode, warnings.append)


def on(wanted, *messages, hang_up=False):
    """A guest that says something when it is told something."""

    def more(connection, name, _arguments):
        if name != wanted:
            return None
        for message in messages:
            tell(connection, message)
        return "hang up" if hang_up else None

    return more


@pytest.mark.parametrize(
    "command", ["shutdown", "reboot", "hibernate", "lock", "logoff", "login"]
)  # fmt: skip
def test_nothing_is_sent_to_an_agent_that_does_not_answer(guest, options, warnings, command):
    silent = guest(lambda this, connection: list(this.lines(connection)))
    with pytest.raises(CannotConnect, match=f"{command} was not sent: nothing was heard") as caught:
        give(options, warnings, command, socket=silent.path, username="ann", password="s3cret!")
    assert caught.value.result["changed"] is False
    # What lies in the channel now is harmless whenever it is read.
    assert silent.names() == ["refresh", "api-version", "echo"]


@pytest.mark.parametrize("command", ["shutdown", "reboot", "lock", "login"])
def test_check_mode_tells_nothing(ovirt, options, warnings, command):
    one = ovirt()
    result = give(options, warnings, command, check_mode=True, socket=one.path, username="ann", password="s3cret!")
    assert (result["changed"], result["confirmed"]) == (True, False)
    assert set(one.names()) == {"refresh", "api-version", "echo"}


@pytest.mark.parametrize(
    "hang_up, proof", [(False, "session-shutdown"), (True, "session-shutdown")]
)  # fmt: skip
def test_shutdown_is_proven_by_the_end_of_the_agent(ovirt, options, warnings, hang_up, proof):
    one = ovirt(on("shutdown", "session-shutdown", hang_up=hang_up))
    result = give(options, warnings, "shutdown", socket=one.path, delay=0, notice="Bye")
    assert (result["changed"], result["proof"]) == (True, proof)
    assert json.loads(one.heard[-1]) == {"__name__": "shutdown", "timeout": "0", "message": "Bye", "reboot": "false"}


def test_shutdown_is_proven_by_the_end_of_qemu(ovirt, options, warnings):
    result = give(options, warnings, "shutdown", socket=ovirt(on("shutdown", hang_up=True)).path)
    assert result["proof"] == "the channel was closed"


def test_reboot_is_proven_by_the_agent_that_comes_back(ovirt, options, warnings):
    one = ovirt(on("shutdown", "session-shutdown", "session-startup"))
    result = give(options, warnings, "reboot", socket=one.path)
    assert result["proof"] == "session-shutdown and session-startup"
    # The original agent takes JSON's true for no, and powers off.
    assert json.loads(one.heard[-1])["reboot"] == "true"


@pytest.mark.parametrize(
    "command, messages, missing",
    [
        ("shutdown", (), "its agent did not end"),
        ("reboot", ("session-shutdown",), "its agent did not come back"),
        ("hibernate", (), "its agent did not end"),
    ],
)
def test_order_that_is_not_obeyed_fails_and_says_that_it_was_given(
    ovirt, options, warnings, command, messages, missing
):
    one = ovirt(on("hibernate" if command == "hibernate" else "shutdown", *messages))
    with pytest.raises(CannotConnect, match=missing) as caught:
        give(options, warnings, command, socket=one.path, wait_timeout=1)
    assert caught.value.result["changed"] is True


def test_without_waiting_nothing_is_claimed(ovirt, options, warnings):
    result = give(options, warnings, "shutdown", socket=ovirt().path, wait=False)
    assert (result["changed"], result["confirmed"], result["proof"]) == (True, False, None)


@pytest.mark.parametrize(
    "command, name, proof",
    [
        ("lock", "lock-screen", "session-lock"),
        ("logoff", "log-off", "session-logoff"),
        ("login", "login", "session-logon"),
    ],
)
def test_session_orders(ovirt, options, warnings, command, name, proof):
    # The proof may come before the agent has taken the mark that follows.
    def more(connection, told, _arguments):
        if told == name:
            threading.Timer(0.5, tell, (connection, proof)).start()

    result = give(options, warnings, command, socket=ovirt(more).path, username="ann@example.com", password="s3cret!")
    assert (result["changed"], result["proof"]) == (True, proof)
    silent = ovirt()
    result = give(
        options, warnings, command, socket=silent.path, username="ann@example.com", password="s3cret!", wait_timeout=1
    )
    assert (result["changed"], result["confirmed"]) == (True, False)
    sent = [json.loads(line) for line in silent.heard if json.loads(line)["__name__"] == name]
    expected = {"username": "ann@example.com", "password": "s3cret!"} if command == "login" else {}
    assert sent == [{"__name__": name, **expected}]


def test_session_order_that_is_not_confirmed_fails(ovirt, options, warnings):
    gone = []

    def more(_connection, name, _arguments):
        gone.append(name == "lock-screen")
        return "hang up" if any(gone) else None

    with pytest.raises(CannotConnect) as caught:
        give(options, warnings, "lock", socket=ovirt(more).path)
    assert caught.value.result["changed"] is True


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"command": "fsfreeze"}, "protocol ovirt .* has no command fsfreeze"),
        ({"command": "lock", "protocol": "qemu"}, "protocol qemu .* has no command lock"),
        ({"command": "lock", "delay": 5}, "delay and notice are for shutdown"),
        ({"command": "shutdown", "delay": -1}, "must not be negative"),
        ({"command": "shutdown", "notice": "x" * 501}, "longer than 500"),
        ({"command": "shutdown", "protocol": "qemu", "delay": 60}, "neither delay nor notice"),
    ],
)
def test_order_that_does_not_fit_is_refused_before_anything_is_contacted(options, warnings, given, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        give(options, warnings, given.pop("command"), socket="/nonexistent/socket", **given)


def frozen_guest(wanted_works=True):
    state = {"now": "thawed", "calls": []}

    def change(word):
        def answer(_connection, _arguments):
            state["calls"].append(word)
            if wanted_works:
                state["now"] = word
            return 1

        return answer

    answers = {
        **ANSWERS,
        "guest-fsfreeze-status": lambda _connection, _arguments: state["now"],
        "guest-fsfreeze-freeze": change("frozen"),
        "guest-fsfreeze-thaw": change("thawed"),
    }
    return state, qemu_ga(answers)


def test_freeze_and_thaw_are_done_once_and_proven(guest, options, warnings):
    state, serve = frozen_guest()
    path = guest(serve).path
    changed = [
        give(options, warnings, command, socket=path, protocol="qemu", check_mode=check_mode)["changed"]
        for command, check_mode in [
            ("fsthaw", False), ("fsfreeze", True), ("fsfreeze", False), ("fsfreeze", False), ("fsthaw", True), ("fsthaw", False),
        ]
    ]  # fmt: skip
    assert changed == [False, True, True, False, True, True]
    assert state["calls"] == ["frozen", "thawed"]


def test_freeze_that_did_not_happen_fails(guest, options, warnings):
    _state, serve = frozen_guest(wanted_works=False)
    with pytest.raises(BadAnswer, match="not frozen"):
        give(options, warnings, "fsfreeze", socket=guest(serve).path, protocol="qemu")


def test_freeze_that_is_refused_has_changed_nothing(guest, options, warnings):
    refusal = {"error": {"class": "GenericError", "desc": "Command guest-fsfreeze-freeze has been disabled"}}
    answers = {**ANSWERS, "guest-fsfreeze-status": lambda *_given: "thawed", "guest-fsfreeze-freeze": refusal}
    with pytest.raises(BadAnswer, match="qemu-ga refuses guest-fsfreeze-freeze") as caught:
        give(options, warnings, "fsfreeze", socket=guest(qemu_ga(answers)).path, protocol="qemu")
    assert caught.value.result["changed"] is False


def test_qemu_ga_that_refuses_is_quoted(guest, options, warnings):
    refusal = {"error": {"class": "GenericError", "desc": "Command guest-shutdown has been disabled\x1b"}}
    serve = qemu_ga({**ANSWERS, "guest-shutdown": refusal})
    with pytest.raises(
        BadAnswer, match="qemu-ga refuses guest-shutdown: Command guest-shutdown has been disabled"
    ) as caught:
        give(options, warnings, "shutdown", socket=guest(serve).path, protocol="qemu")
    assert caught.value.result["changed"] is False
    assert caught.value.message.isprintable()


def test_qemu_ga_shuts_down(guest, options, warnings):
    def shut_down(connection, arguments):
        assert arguments == {"mode": "powerdown"}
        connection.shutdown(2)

    serve = qemu_ga({**ANSWERS, "guest-shutdown": shut_down})
    result = give(options, warnings, "shutdown", socket=guest(serve).path, protocol="qemu")
    assert result["proof"] == "the channel was closed"


def test_qemu_ga_that_only_takes_the_order_fails(guest, options, warnings):
    serve = qemu_ga({**ANSWERS, "guest-shutdown": lambda _connection, _arguments: None})
    with pytest.raises(CannotConnect, match="did not go down") as caught:
        give(options, warnings, "shutdown", socket=guest(serve).path, protocol="qemu", wait_timeout=1)
    assert caught.value.result["changed"] is True


def test_password_is_nowhere_to_be_seen(ovirt, guest, options):
    from ansible_collections.virtmap.core.tests.unit.run_module import run_module

    def more(connection, name, arguments):
        if name == "login":
            tell(connection, f"x-{arguments}")

    silent = guest(lambda this, connection: list(this.lines(connection)))
    for path in (ovirt(more).path, silent.path, "/nonexistent/socket"):
        given = {"socket": path, "command": "login", "username": "ann", "password": "Tr0ub4dor", "timeout": 2}
        result = run_module("guest_agent_command", given, tracebacks=True)
        assert "Tr0ub4dor" not in result["_stdout"] + result["_stderr"]
