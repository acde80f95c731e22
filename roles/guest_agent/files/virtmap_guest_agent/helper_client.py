# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Asking the privileged helper."""

from __future__ import annotations

import json
import os
import socket
import typing as t

from .actions import Failed

SOCKET = "/run/virtmap-guest-agent/helper.sock"
ANSWER_SECONDS = 45
LONGEST_ANSWER = 4096


def ask(action: dict[str, t.Any], act: t.Callable[[dict[str, t.Any]], None], path: str = SOCKET) -> None:
    """Have an action carried out; root without a helper does it itself.

    Raises:
        Failed: it was not carried out.
    """
    if os.geteuid() == 0 and not os.path.exists(path):
        act(action)
        return
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(ANSWER_SECONDS)
        try:
            channel.connect(path)
            channel.sendall(json.dumps(action).encode("ascii") + b"\n")
            with channel.makefile("rb") as answers:
                answer = json.loads(answers.readline(LONGEST_ANSWER).decode("utf-8"))
        except (OSError, ValueError) as exc:
            raise Failed(f"the privileged helper does not answer: {exc}") from exc
    error = answer.get("error", "no answer") if isinstance(answer, dict) else "no answer"
    if error is not None:
        raise Failed(str(error))
