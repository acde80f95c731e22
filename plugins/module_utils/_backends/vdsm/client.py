# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects the mapping of one hypervisor from its VDSM. Private to this collection; methods that change are not called."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.convert import convert_guests, convert_host
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.options import Target, understand
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.session import RpcError, Session
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport.tcp import BrokenOff, TcpConnection

BACKEND = "vdsm"
IDS = ("uuid", "hwuuid", "hostname")
# A VDSM that is restarted, for example by an update, is back within seconds.
ATTEMPTS = 3
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 8.0
# 3 x timeout + 10 s is what a task may take; so much of the 10 s may pass before an attempt begins.
_SPARE = 10.0

LIST, CAPABILITIES = "Host.getVMList", "Host.getCapabilities"
STATS, HARDWARE = "Host.getAllVmStats", "Host.getHardwareInfo"
QUESTIONS: dict[str, dict[str, t.Any]] = {LIST: {"onlyUUID": False}, CAPABILITIES: {}, STATS: {}, HARDWARE: {}}
# What the mapping can do without, and what is missing then.
OPTIONAL = {STATS: "the names of the guests", HARDWARE: "the hardware uuid of the host"}
_KINDS: dict[str, type] = {LIST: list, STATS: list, CAPABILITIES: dict, HARDWARE: dict}
_KIND_WORDS: dict[type, str] = {list: "list", dict: "object"}
_NO_METHOD, _RECOVERING = -32601, 99


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: Warn) -> Mapping:
    """Ask one hypervisor for its guests.

    Args:
        options: those of the backend.

    Raises:
        InvalidInput: an option or a file is wrong; nothing was contacted.
        CannotConnect, Denied: VDSM cannot be reached, is not trusted, does not trust us, or did not answer in time.
        NotFound: VDSM lacks a method, or the host the wanted id.
        BadAnswer: an answer is not what it should be.
    """
    selection.allow_ids(IDS, BACKEND)
    target = understand(options)
    answers = _with_retries(target)
    for method, lost in OPTIONAL.items():
        if isinstance(answers[method], RpcError):
            reason = _refused(target.what, method, answers[method]).message
            warn(f"{lost} {'are' if lost.startswith('the names') else 'is'} missing from the mapping: {reason}")
            answers[method] = _KINDS[method]()
    guests, skipped = convert_guests(answers[LIST], answers[STATS])
    host = convert_host(target.name, answers[CAPABILITIES], answers[HARDWARE], guests)
    if not host.ids[selection.hypervisor_id]:
        raise NotFound(
            f"{target.what} does not tell the {selection.hypervisor_id} of its host, whose firmware may have none; set "
            "hypervisor_id to hostname"
        )
    if selection.hypervisor_id == "hostname" and target.name.partition(".")[0] == "localhost":
        warn(
            f"the host of {target.what} calls itself {target.name}; give it a name of its own, or set hypervisor_id to uuid, "
            "else all hosts with this name are taken for one"
        )
    return assemble(
        backend=BACKEND, source=target.source, hosts=[host], selection=selection, warn=warn, skipped=skipped
    )


def _with_retries(target: Target) -> dict[str, t.Any]:
    """Connect and ask; again when VDSM was away or went away meanwhile."""
    began = time.monotonic()
    pause = FIRST_PAUSE
    for _attempt in range(ATTEMPTS - 1):
        try:
            return _read(target, began)
        except BrokenOff:
            if time.monotonic() + pause > began + target.seconds + _SPARE:
                raise
        time.sleep(pause)
        pause *= 2
    return _read(target, began)


def _read(target: Target, began: float) -> dict[str, t.Any]:
    """All answers of one connection."""
    answers: dict[str, t.Any] = {}
    server = target.server
    connection = TcpConnection(
        server.host, server.port, what=target.what, context=target.context, certificate=target.certificate
    )
    pause = FIRST_PAUSE
    with Session(connection, target.seconds) as session:
        while True:
            answers.update(session.ask({name: QUESTIONS[name] for name in QUESTIONS if name not in answers}))
            recovering = [name for name in QUESTIONS if _is_recovering(answers[name])]
            if not recovering:
                break
            # After a restart VDSM does not know its guests yet; what it would list now is not the whole.
            if time.monotonic() + pause > began + target.seconds:
                raise CannotConnect(
                    f"{target.what} was restarted and is still recovering its guests after all of timeout ("
                    f"{target.seconds:g} s); run the task again later, or raise timeout"
                )
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            for name in recovering:
                del answers[name]
    for name, answer in answers.items():
        _check(target.what, name, answer)
    return answers


def _is_recovering(answer: t.Any) -> bool:
    return isinstance(answer, RpcError) and answer.code == _RECOVERING


def _check(what: str, method: str, answer: t.Any) -> None:
    if isinstance(answer, RpcError):
        if method not in OPTIONAL:
            raise _refused(what, method, answer)
    elif not isinstance(answer, _KINDS[method]):
        raise BadAnswer(
            f"{what} answered {method} without the {_KIND_WORDS[_KINDS[method]]} that it should be; look at its log"
        )


def _refused(what: str, method: str, error: RpcError) -> VirtmapError:
    if error.code == _NO_METHOD:
        return NotFound(f"{what} does not know {method} ({error.message}); it may be older than VDSM 4.16, update it")
    return BadAnswer(f"{what} failed at {method}: {error.message} ({error.code}); look at its log")
