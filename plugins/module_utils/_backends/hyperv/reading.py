# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reads all hosts of a source side by side, each as often as that may help. Private to this collection."""

from __future__ import annotations

import ssl
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.host import Told, read_rest, read_system
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.options import Wishes
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, Denied, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server
from ansible_collections.virtmap.core.plugins.module_utils._transport.winrm_session import (
    Again,
    WinrmSession,
    tls_context,
)

T = t.TypeVar("T")
# The nodes of the largest cluster at once.
PARALLEL = 64


@dataclass
class Answer:
    """What became of a host: either what it told or the error."""

    server: Server
    told: Told | None = None
    error: VirtmapError | None = None


class Trial:
    """Lets one host try the credentials before the others follow.

    A wrong password that is tried at all nodes of a cluster at once locks the account of the domain.

    Args:
        seconds: how long a host waits for its turn.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turn = threading.Lock()
        self._accepted = threading.Event()
        self._refused: Denied | None = None

    def run(self, what: str, call: t.Callable[[], T]) -> T:
        """Make the call that proves the credentials at this host.

        Raises:
            Denied: another host refused them.
            CannotConnect: no other host decided on them in time.
            Exception: what the call raises.
        """
        if self._accepted.is_set():
            return call()
        if not self._turn.acquire(timeout=self._seconds):
            raise CannotConnect(
                f"{what} was not asked, because no other host of this source decided on the credentials within {self._seconds:g} seconds"
            )
        try:
            if self._refused is not None:
                raise Denied(f"{what} was not asked, because another host of this source refused the credentials")
            if not self._accepted.is_set():
                return self._try(call)
        finally:
            self._turn.release()
        return call()

    def _try(self, call: t.Callable[[], T]) -> T:
        try:
            result = call()
        except Denied as exc:
            self._refused = exc
            raise
        self._accepted.set()
        return result


def read_all(wishes: Wishes) -> list[Answer]:
    """Read all hosts; the answers stand in the order of the servers.

    Raises:
        InvalidInput: a certificate file cannot be used; nothing was contacted.
    """
    contexts = [
        tls_context(server, wishes.credentials, validate_certs=wishes.validate_certs, ca_path=wishes.ca_path)
        for server in wishes.servers
    ]
    if len(wishes.servers) == 1:
        return [_answer(wishes, wishes.servers[0], contexts[0], None)]
    trial = Trial(wishes.seconds)
    with ThreadPoolExecutor(min(PARALLEL, len(wishes.servers))) as pool:
        jobs = [
            pool.submit(_answer, wishes, server, context, trial) for server, context in zip(wishes.servers, contexts)
        ]
        return [job.result() for job in jobs]


def _answer(wishes: Wishes, server: Server, context: ssl.SSLContext | None, trial: Trial | None) -> Answer:
    try:
        return Answer(server, told=_read(wishes, server, context, trial))
    except VirtmapError as exc:
        return Answer(server, error=exc)


def _read(wishes: Wishes, server: Server, context: ssl.SSLContext | None, trial: Trial | None) -> Told:
    """Read a host; all of it again, on a new connection, where that may help."""
    began = time.monotonic()
    for attempt in range(http.ATTEMPTS):
        try:
            with _session(wishes, server, context) as session:
                return _read_once(session, trial)
        except Again as exc:
            pause = http.FIRST_PAUSE * 2**attempt if exc.pause is None else exc.pause
            # As for HttpClient: a server that does not work takes three times the timeout at the most.
            in_time = time.monotonic() - began + pause + wishes.seconds <= 3 * wishes.seconds + 10
            if not in_time or attempt == http.ATTEMPTS - 1:
                raise exc.error from exc
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def _session(wishes: Wishes, server: Server, context: ssl.SSLContext | None) -> WinrmSession:
    return WinrmSession(
        server,
        wishes.credentials,
        what=f"the Hyper-V host {server.authority}",
        seconds=wishes.seconds,
        context=context,
        proxy=wishes.proxy,
    )


def _read_once(session: WinrmSession, trial: Trial | None) -> Told:
    if trial is None:
        return read_rest(session, read_system(session))
    # A host that does not answer shall not keep the others waiting for the outcome of the trial.
    session.knock()
    system = trial.run(session.what, lambda: read_system(session))
    return read_rest(session, system)
