# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""libvirt's events about its guests, as a bell that rings. Private to this collection."""

from __future__ import annotations

import threading
import typing as t
from functools import partial

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import (
    NO_SUPPORT,
    Failure,
    Transient,
    explain,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, MissingLibrary
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

try:
    import libvirt
except ImportError:
    HAS_LIBVIRT = False
else:
    HAS_LIBVIRT = True

# Numbers of virDomainEventID: lifecycle (in which the phases of a migration are), reboot, and going to sleep and waking.
LIFECYCLE = 0
OTHERS = {"reboot": 1, "waking": 11, "sleeping": 12, "sleeping on disk": 14}
# A daemon that is frozen is noticed after 5 x (3 + 1) seconds; libvirt asks for no sign of life by itself.
KEEPALIVE_SECONDS, KEEPALIVE_COUNT = 5, 3
# Numbers of virConnectCloseReason.
REASONS = {
    0: "an error of the connection",
    1: "the daemon ended it",
    2: "no sign of life came",
    3: "it was closed here",
}
DOING = "asking for events"

_lock = threading.Lock()
_running: list[threading.Thread] = []


def run_event_loop(source: str) -> None:
    """Start libvirt's own event loop in a thread, once in a process.

    It must run before a connection is opened: one opened earlier takes the registration and never gives an event.

    Raises:
        MissingLibrary: the Python binding is not installed.
    """
    if not HAS_LIBVIRT:
        raise MissingLibrary("libvirt-python", reason=f"to follow {source}")
    with _lock:
        if not _running:
            libvirt.virEventRegisterDefaultImpl()
            thread = threading.Thread(target=_turn, name="libvirt events", daemon=True)
            _running.append(thread)
            thread.start()


def _turn() -> None:
    pause = threading.Event()
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except libvirt.libvirtError:
            # A turn that failed, as when a file descriptor was closed under it: the connection's own check tells the
            # user, and the others need the next turn.
            pause.wait(0.1)


class Bell:
    """Rings when something about the guests of a daemon has changed, or when the connection is gone.

    Args:
        connection: open, and opened after ``run_event_loop``.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rung = threading.Event()
        self._lost: int | None = None
        self._ids: list[int] = []
        #: Whether the driver has events at all; some have none.
        self.works = False

    def __enter__(self) -> Bell:
        connection = self._connection
        alive = connection.attempt(DOING, lambda conn: conn.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVE_COUNT))
        if isinstance(alive, Failure) and alive.code != NO_SUPPORT:
            raise explain(alive, connection.uri, "asking for signs of life")
        connection.call(DOING, lambda conn: conn.registerCloseCallback(self._closed, None))
        self.works = self._register(LIFECYCLE)
        for number in OTHERS.values() if self.works else ():
            self._register(number)
        return self

    def __exit__(self, *_exc: object) -> None:
        # What is registered keeps libvirt's connection object, and its socket, for ever.
        try:
            for identity in self._ids:
                self._connection.attempt(DOING, partial(_deregister, identity=identity))
            self._connection.attempt(DOING, lambda conn: conn.unregisterCloseCallback())
        except CannotConnect:
            # The connection is dead, and what was registered died with it.
            return

    def wait(self, seconds: float) -> bool:
        """Whether it rang, now or within so many seconds; it is silent again afterwards.

        Raises:
            Transient: the connection is gone.
        """
        rang = self._rung.wait(seconds)
        self._rung.clear()
        if self._lost is not None:
            reason = REASONS.get(self._lost, f"reason {self._lost}")
            raise Transient(f"libvirt at {shown(self._connection.uri.source)} broke off the connection ({reason})")
        return rang

    def _register(self, number: int) -> bool:
        """Ask for one kind of event; False where the driver does not have it."""

        def register(conn: t.Any) -> int:
            return t.cast(int, conn.domainEventRegisterAny(None, number, self._happened, None))

        result = self._connection.attempt(DOING, register)
        if isinstance(result, Failure):
            if result.code == NO_SUPPORT:
                return False
            raise explain(result, self._connection.uri, DOING)
        self._ids.append(result)
        return True

    def _happened(self, *_event: object) -> None:
        # In the thread of the event loop, where no call to the daemon may be made.
        self._rung.set()

    def _closed(self, _conn: object, reason: int, _opaque: object) -> None:
        self._lost = reason
        self._rung.set()


def _deregister(conn: t.Any, identity: int) -> None:
    conn.domainEventDeregisterAny(identity)
