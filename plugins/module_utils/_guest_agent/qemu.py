# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""qemu-ga over its own socket, for hosts without libvirt. Private to this collection."""

from __future__ import annotations

import json
import secrets
import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.channel import Channel
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.options import QEMU
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.qemu_convert import QUESTIONS, guest_info
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.shape import Report
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.wire import parse

# It ends whatever another client left half said, on either side.
SENTINEL = b"\xff"
SILENT = (
    "qemu-ga did not answer over {path} within {seconds} seconds: it does not run in the guest, or another program, "
    "such as libvirt, holds the channel, which serves one at a time"
)


class Refused(BadAnswer):
    """The agent answered with an error.

    Attributes:
        words: its own description.
    """

    def __init__(self, command: str, words: str) -> None:
        super().__init__(f"qemu-ga refuses {command}: {shown(words) or 'no reason given'}")
        self.words = words


class QemuAgent:
    """A conversation with qemu-ga.

    Args:
        channel: connected.
        source: what it is, for the report.
    """

    def __init__(self, channel: Channel, source: str) -> None:
        self._channel = channel
        self.report = Report(source, QEMU)
        self._bad = 0

    def greet(self, seconds: float) -> bool:
        """Synchronize with the agent; return whether it answered."""
        number = secrets.randbelow(2**31)
        self._channel.send(SENTINEL)
        self._send("guest-sync-delimited", {"id": number})
        until = time.monotonic() + seconds
        while (answer := self._answer(until)) is not None:
            if answer.get("return") == number:
                self.report.responsive = True
                return True
        self.report.reason = self._channel.silence(SILENT, seconds)
        return False

    def ask(self, command: str, seconds: float, arguments: t.Mapping[str, t.Any] | None = None) -> t.Any:
        """The answer to a command.

        Raises:
            Refused: it is an error.
            CannotConnect: none came in time.
        """
        self._send(command, arguments)
        until = time.monotonic() + seconds
        while (answer := self._answer(until)) is not None:
            if "return" in answer:
                return answer["return"]
            error = answer.get("error")
            if isinstance(error, dict):
                raise Refused(command, str(error.get("desc")))
            self._bad += 1
        raise CannotConnect(
            f"qemu-ga at {shown(self._channel.path)} did not answer {command} within {seconds:g} seconds"
        )

    def tell(self, command: str, arguments: t.Mapping[str, t.Any] | None, seconds: float) -> None:
        """Give a command that is answered only when it is refused.

        Raises:
            Refused: it was.
        """
        self._send(command, arguments)
        answer = self._answer(time.monotonic() + seconds)
        if answer and isinstance(answer.get("error"), dict):
            raise Refused(command, str(answer["error"].get("desc")))

    def look(self, seconds: float) -> None:
        """Ask for everything that the agent allows; it is in the report then."""
        until = time.monotonic() + seconds
        guest_info(self.report, self.ask("guest-info", seconds))
        for command, convert in QUESTIONS.items():
            if command not in self.report.commands:
                continue
            try:
                convert(self.report, self.ask(command, max(0.1, until - time.monotonic())))
            except Refused:
                # A frozen guest refuses most, and a platform may lack one: the rest is still worth knowing.
                continue

    def warnings(self) -> list[str]:
        """What the guest sent that no agent should."""
        return self._channel.warnings(self._bad, "answers")

    def _send(self, command: str, arguments: t.Mapping[str, t.Any] | None) -> None:
        request: dict[str, t.Any] = {"execute": command}
        if arguments:
            request["arguments"] = dict(arguments)
        self._channel.send(json.dumps(request).encode("ascii") + b"\n")

    def _answer(self, until: float) -> dict[str, t.Any] | None:
        """The next answer; None when none came until then."""
        while (line := self._channel.line(until)) is not None:
            answer = parse(line.rpartition(SENTINEL)[2])
            if answer is not None:
                return answer
            self._bad += self.report.responsive
        return None
