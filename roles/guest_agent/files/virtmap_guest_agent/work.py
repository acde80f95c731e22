# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a host may order, done one after the other in a thread of its own, so that the heart goes on beating."""

from __future__ import annotations

import logging
import queue
import threading
import typing as t

from .hooks import EVENTS, run_hooks

_log = logging.getLogger("work")
DONE = "completion"
# More at once is no order but a flood.
MOST_WAITING = 4
Report = t.Callable[[str, "dict[str, t.Any]"], None]
Order = t.Callable[["dict[str, t.Any]"], None]


class Worker:
    """Does orders.

    Args:
        orders: what does each order by its name.
        hooks: the folder with a folder of programs for each event.
    """

    def __init__(self, orders: t.Mapping[str, Order], hooks: str) -> None:
        self._orders = dict(orders)
        self._hooks = hooks
        self._waiting: queue.Queue[t.Callable[[], None]] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None

    def knows(self, name: str) -> bool:
        """Whether there is such an order."""
        return name == "lifecycle-event" or name in self._orders

    def take(self, name: str, arguments: dict[str, t.Any], report: Report) -> bool:
        """Have an order done.

        Args:
            report: gets the message that tells of the end, where the order asks for one.

        Returns:
            whether it was taken; not when too many wait.
        """
        try:
            self._waiting.put_nowait(lambda: self._do(name, arguments, report))
        except queue.Full:
            return False
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        return True

    def _run(self) -> None:
        while True:
            self._waiting.get()()

    def _do(self, name: str, arguments: dict[str, t.Any], report: Report) -> None:
        try:
            if name == "lifecycle-event":
                self._event(arguments)
            else:
                self._orders[name](arguments)
        except Exception as exc:  # noqa: BLE001 - an order that fails must not end the agent
            _log.warning("%s failed: %s", name, exc)
        finally:
            # A host that waits must not wait in vain, whatever came out.
            if name == "lifecycle-event" and "reply_id" in arguments:
                report(DONE, {"reply_id": arguments["reply_id"], "done": True})

    def _event(self, arguments: dict[str, t.Any]) -> None:
        kind = arguments.get("type")
        if kind in EVENTS:
            run_hooks(self._hooks, str(kind))
        else:
            _log.warning("the host tells of an event %.60r, which this agent does not know", kind)
