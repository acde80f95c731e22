# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The privileged helper: one action from standard input, one answer on standard output.

systemd starts it as root for each connection to a socket that the agent's user alone may open.
"""

from __future__ import annotations

import json
import sys
import typing as t

from .actions import Failed, act

LONGEST_REQUEST = 4096


def serve(source: t.BinaryIO, target: t.BinaryIO, do: t.Callable[[t.Mapping[str, t.Any]], None] = act) -> bool:
    """Read one request, do it, answer ``{"error": null}`` or with the reason. Returns whether it was done."""
    line = source.readline(LONGEST_REQUEST)
    error = None
    try:
        action = json.loads(line.decode("utf-8"))
        if not isinstance(action, dict):
            raise Failed("the request is no object")
        do(action)
    except (Failed, OSError, ValueError) as exc:
        error = str(exc)
    target.write(json.dumps({"error": error}).encode("ascii") + b"\n")
    target.flush()
    return error is None


if __name__ == "__main__":
    sys.exit(not serve(sys.stdin.buffer, sys.stdout.buffer))
