# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a host may order: the words of the protocol, checked, as actions."""

from __future__ import annotations

import logging
import math
import typing as t

from .actions import act
from .helper_client import ask
from .login import hand_over

_log = logging.getLogger("orders")
LONGEST_MESSAGE = 500
LONGEST_DELAY = 7 * 24 * 3600
Arguments = t.Mapping[str, t.Any]


def shutdown(arguments: Arguments) -> dict[str, t.Any]:
    """The action for ``shutdown``: ``minutes``, ``message``, ``reboot``.

    The protocol has ``reboot`` as a text; a JSON ``true`` means the same.
    """
    try:
        seconds = int(arguments.get("timeout", 0))
    except (TypeError, ValueError, OverflowError):
        seconds = 0
    seconds = max(0, min(seconds, LONGEST_DELAY))
    message = arguments.get("message")
    reboot = arguments.get("reboot", False)
    return {
        "action": "shutdown",
        "minutes": math.ceil(seconds / 60),
        "message": message[:LONGEST_MESSAGE] if isinstance(message, str) and message else "System is going down",
        "reboot": reboot is True or (isinstance(reboot, str) and reboot.lower() == "true"),
    }


def hibernate(arguments: Arguments) -> dict[str, t.Any]:
    """The action for ``hibernate``: ``state`` is ``disk`` or ``mem``."""
    return {"action": "hibernate", "state": "mem" if arguments.get("state") == "mem" else "disk"}


class Orders:
    """The orders by their names in the protocol.

    Args:
        do: carries an action out; the default asks the privileged helper, or acts itself for root.
    """

    def __init__(self, do: t.Callable[[dict[str, t.Any]], None] | None = None) -> None:
        self._do = do or (lambda action: ask(action, act))

    def table(self) -> dict[str, t.Callable[[dict[str, t.Any]], None]]:
        """What does each order."""
        return {
            "shutdown": lambda arguments: self._do(shutdown(arguments)),
            "hibernate": lambda arguments: self._do(hibernate(arguments)),
            "lock-screen": lambda _arguments: self._do({"action": "lock"}),
            "log-off": lambda _arguments: self._do({"action": "logoff"}),
            "login": self._login,
        }

    def _login(self, arguments: Arguments) -> None:
        user, password = arguments.get("username"), arguments.get("password")
        if not isinstance(user, str) or not isinstance(password, str) or not user:
            _log.warning("login is not obeyed: it names no user or no password")
            return
        hand_over(user, password)
