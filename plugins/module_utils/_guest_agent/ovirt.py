# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The host's side of the oVirt guest agent's protocol. Private to this collection."""

from __future__ import annotations

import json
import secrets
import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.channel import Channel
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.options import OVIRT
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.ovirt_convert import take
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.shape import Report
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.wire import parse

HIGHEST_VERSION = 3
# What an agent wrote before it was ended is delivered as soon as somebody connects; what comes later is alive.
STALE_SECONDS = 1.0
MOST_NAMES = 20
SILENT = (
    "nothing was heard over {path} within {seconds} seconds: no agent runs in the guest, or another program, such as "
    "VDSM or libvirt, holds the channel, which serves one at a time"
)


class OvirtAgent:
    """A conversation with an agent.

    Args:
        channel: connected.
        source: what it is, for the report.
    """

    def __init__(self, channel: Channel, source: str) -> None:
        self._channel = channel
        self.report = Report(source, OVIRT)
        self._lines = self._bad = 0
        self._unknown: set[str] = set()

    def send(self, name: str, /, **arguments: t.Any) -> None:
        """Send a message."""
        self._channel.send(json.dumps({**arguments, "__name__": name}).encode("ascii") + b"\n")

    def message(self, until: float) -> tuple[str, dict[str, t.Any]] | None:
        """The next message of the protocol, which is in the report then; None when none came until then."""
        while (line := self._channel.line(until)) is not None:
            self._lines += 1
            message = parse(line)
            name = message.pop("__name__", None) if message else None
            if message is None or not isinstance(name, str):
                # The first one may be the rest of what was meant for another client.
                self._bad += self._lines > 1
                continue
            version = message.get("apiVersion")
            if name == "heartbeat":
                is_number = isinstance(version, int) and not isinstance(version, bool)
                offered = version if is_number and isinstance(version, int) else 0
                self.report.api_version = max(0, min(offered, HIGHEST_VERSION))
            if take(self.report, name, message):
                return name, message
            if len(self._unknown) < MOST_NAMES:
                self._unknown.add(shown(name, 40))
        return None

    def greet(self, seconds: float, *, heartbeat: bool) -> bool:
        """Ask for everything and read until it is told.

        An agent answers in order, so the echo of a mark says that all before it has been answered.

        Args:
            seconds: how long to wait at most.
            heartbeat: wait for a heartbeat as well, which alone tells the memory.

        Returns:
            whether the agent answered; the report says the same.
        """
        mark = secrets.token_hex(8)
        begun = time.monotonic()
        # Ends what another client may have begun; agents leave blank lines out.
        self._channel.send(b"\n")
        self.send("refresh", apiVersion=HIGHEST_VERSION)
        self.send("api-version", apiVersion=HIGHEST_VERSION)
        self.send("echo", mark=mark)
        answered, beaten = False, not heartbeat
        while not (answered and beaten) and (message := self.message(begun + seconds)) is not None:
            name, arguments = message
            answered = answered or (name == "echo" and arguments.get("mark") == mark)
            beaten = beaten or name == "heartbeat"
            late = time.monotonic() - begun > STALE_SECONDS
            self.report.responsive = self.report.responsive or answered or late
        self.report.responsive = answered or (self.report.responsive and not self._channel.flooded)
        if not self.report.responsive:
            self.report.reason = self._channel.silence(SILENT, seconds)
        return self.report.responsive

    def still_there(self, seconds: float) -> None:
        """See that the agent has taken all that was sent.

        Raises:
            CannotConnect: it does not say so in time.
        """
        mark = secrets.token_hex(8)
        self.send("echo", mark=mark)
        until = time.monotonic() + seconds
        while (message := self.message(until)) is not None:
            if message[0] == "echo" and message[1].get("mark") == mark:
                return
        raise CannotConnect(
            f"the guest agent at {shown(self._channel.path)} did not confirm the command within {seconds:g} seconds; "
            "whether it was carried out is not known"
        )

    def warnings(self) -> list[str]:
        """What the guest sent that no agent should."""
        found = self._channel.warnings(self._bad, "messages")
        if self._unknown:
            names = listed(sorted(self._unknown))
            found.append(
                f"the guest at {shown(self._channel.path)} sent messages that are not of the protocol: {names}"
            )
        return found
