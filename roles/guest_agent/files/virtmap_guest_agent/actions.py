# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The few things that need root. They run in the helper, or in the agent itself where that is root."""

from __future__ import annotations

import subprocess
import typing as t

COMMAND_SECONDS = 30
STATES = {"disk": "hibernate", "mem": "suspend"}
SYS_POWER = "/sys/power/state"


class Failed(Exception):
    """An action was not carried out."""


def act(action: t.Mapping[str, t.Any]) -> None:
    """Carry an action out.

    Args:
        action: ``action`` names it; nothing that is not listed here is ever run, and no shell.

    Raises:
        Failed: it is not known, its arguments are wrong, or its program failed.
    """
    known = {"shutdown": _shutdown, "hibernate": _hibernate, "lock": _lock, "logoff": _log_off}
    name = action.get("action")
    if name not in known:
        raise Failed(f"there is no action {name!r}")
    known[name](action)


def _shutdown(action: t.Mapping[str, t.Any]) -> None:
    minutes, message, reboot = action.get("minutes"), action.get("message"), action.get("reboot")
    if not isinstance(minutes, int) or minutes < 0 or not isinstance(message, str) or not isinstance(reboot, bool):
        raise Failed("the arguments of shutdown are wrong")
    text = "".join(char if char.isprintable() else " " for char in message)
    _run("shutdown", "-r" if reboot else "-h", "--", f"+{minutes}", text)


def _hibernate(action: t.Mapping[str, t.Any]) -> None:
    state = action.get("state")
    if state not in STATES:
        raise Failed("the arguments of hibernate are wrong")
    try:
        _run("systemctl", STATES[state])
    except Failed:
        with open(SYS_POWER, "w", encoding="ascii") as power:
            power.write(state)


def _lock(_action: t.Mapping[str, t.Any]) -> None:
    _run("loginctl", "lock-sessions")


def _log_off(_action: t.Mapping[str, t.Any]) -> None:
    """End every session that a person sits at now."""
    ended = 0
    for words in filter(None, map(str.split, _run("loginctl", "--no-legend", "list-sessions").splitlines())):
        told = _run("loginctl", "show-session", words[0], "-p", "Active", "-p", "Class", "-p", "Remote")
        if {"Active=yes", "Class=user", "Remote=no"} <= set(told.split()):
            _run("loginctl", "terminate-session", words[0])
            ended += 1
    if not ended:
        raise Failed("nobody is logged in at the console")


def _run(*command: str) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise Failed(f"{command[0]} cannot be run: {exc}") from exc
    if done.returncode:
        raise Failed(f"{command[0]} failed: {done.stderr.decode('utf-8', 'replace').strip()[:300]}")
    return done.stdout.decode("utf-8", "replace")
