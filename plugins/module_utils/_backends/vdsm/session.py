# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""JSON-RPC 2.0 over STOMP 1.2, as VDSM speaks it. Private to this collection.

All questions of a round go out together, each in a message of its own (VDSM answers no batches), and are answered in
any order; the id tells which answer is whose.
"""

from __future__ import annotations

import json
import typing as t
import uuid
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.json_cursor import Malformed
from ansible_collections.virtmap.core.plugins.module_utils._transport.json_items import read_object
from ansible_collections.virtmap.core.plugins.module_utils._transport.stomp import Frame, FrameReader, frame
from ansible_collections.virtmap.core.plugins.module_utils._transport.tcp import BrokenOff, Deadline, TcpConnection

REQUESTS = "jms.topic.vdsm_requests"
SUBSCRIPTION = "virtmap"
# The heart-beat that is asked for, in milliseconds; the grace is that of VDSM's other clients.
HEART_BEAT = 15_000
_GRACE = 1.2
# What is kept of each object in a list; the rest of a guest's statistics is several kilobytes.
_KEPT = ("vmId", "vmName", "status")


@dataclass(frozen=True)
class RpcError:
    """The answer to a method that VDSM refused or could not do."""

    code: int
    message: str


class Session:
    """A connection on which methods are called.

    Args:
        seconds: deadline for connecting, and for each round of questions.
    """

    def __init__(self, connection: TcpConnection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._what = connection.what
        self._queue = str(uuid.uuid4())
        self._count = 0
        self._silence: float | None = None
        self._deadline = Deadline(seconds)
        self._frames = FrameReader(self._receive, self._what)

    def __enter__(self) -> Session:
        try:
            self._open()
        except BaseException:
            self._connection.close()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        # Hanging up ends the subscription as well.
        self._connection.close()

    def ask(self, questions: t.Mapping[str, dict[str, t.Any]]) -> dict[str, t.Any]:
        """Call methods.

        Args:
            questions: parameters by name of the method.

        Returns:
            results by name of the method, an RpcError for one that was refused. Of the objects in a list only the
            members vmId, vmName and status are kept.

        Raises:
            BrokenOff, CannotConnect: VDSM went away, or did not answer all in time.
            BadAnswer: an answer is none, or VDSM refused the messages.
        """
        self._deadline = Deadline(self._seconds)
        waiting: dict[str, str] = {}
        messages = b""
        for method, params in questions.items():
            self._count += 1
            name = f"{self._queue}-{self._count}"
            waiting[name] = method
            messages += self._message(name, method, params)
        self._connection.send(messages, self._deadline)
        answers: dict[str, t.Any] = {}
        while waiting:
            name, answer = self._answer()
            if name in waiting:
                answers[waiting.pop(name)] = answer
        return answers

    def _open(self) -> None:
        self._connection.open(self._deadline)
        try:
            self._connection.send(
                frame("CONNECT", {"accept-version": "1.2", "heart-beat": f"0,{HEART_BEAT}"}), self._deadline
            )
            found = self._frames.next()
        except BrokenOff as exc:
            raise BrokenOff(
                f"{self._what} broke off the connection before it said a word: it does not trust the client certificate, "
                "or speaks XML-RPC alone as before 4.16, or is starting; check client_cert, and look at its log"
            ) from exc
        if found.command == "ERROR":
            raise self._refusal(found)
        if found.command != "CONNECTED" or found.headers.get("version") != "1.2":
            raise BadAnswer(
                f"{self._what} did not agree on STOMP 1.2 (it answered {shown(found.command)}, version "
                f"{shown(found.headers.get('version', 'none'))}); check that server and port name a VDSM"
            )
        self._silence = _silence(found.headers.get("heart-beat", "0,0"))
        self._connection.send(
            frame("SUBSCRIBE", {"id": SUBSCRIPTION, "destination": self._queue, "ack": "auto"}), self._deadline
        )

    def _receive(self) -> bytes:
        return self._connection.receive(self._deadline, self._silence)

    def _message(self, name: str, method: str, params: dict[str, t.Any]) -> bytes:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": name}).encode()
        headers = {
            "destination": REQUESTS,
            "content-type": "application/json",
            "reply-to": self._queue,
            # Stands in VDSM's log beside what it does for us.
            "ovirtCorrelationId": f"virtmap-{self._queue[:8]}",
        }
        return frame("SEND", headers, body)

    def _answer(self) -> tuple[str, t.Any]:
        """The next message for us: the id that it has, and the result or error; an empty id where it is no answer."""
        found = self._frames.next()
        if found.command == "ERROR":
            raise self._refusal(found)
        if found.command != "MESSAGE":
            raise BadAnswer(
                f"{self._what} sent a frame {shown(found.command)} in place of an answer; check that server and port name "
                "a VDSM"
            )
        if found.headers.get("subscription") != SUBSCRIPTION:
            return "", None
        try:
            document = read_object(found.body, "result", _kept)
        except Malformed as exc:
            raise BadAnswer(
                f"{self._what} sent an answer that is no JSON object: {shown(exc)}; look at its log"
            ) from exc
        if "method" in document:
            return "", None  # an event
        name, error = document.get("id"), document.get("error")
        if error is not None:
            return self._error(name, error)
        if "result" not in document:
            raise BadAnswer(f"{self._what} sent an answer with neither result nor error; look at its log")
        return str(name), document["result"]

    def _error(self, name: t.Any, error: t.Any) -> tuple[str, RpcError]:
        if not isinstance(error, dict) or not isinstance(error.get("code"), int):
            raise BadAnswer(f"{self._what} sent an error without a code; look at its log")
        found = RpcError(error["code"], shown(error.get("message", "no reason given")))
        if name is None:
            # Only what could not be read at all has no id, and nothing tells which question it was.
            raise BadAnswer(f"{self._what} could not read a question: {found.message} ({found.code}); look at its log")
        return str(name), found

    def _refusal(self, found: Frame) -> BadAnswer:
        said = found.headers.get("message", "") or found.text() or "no reason given"
        return BadAnswer(
            f"{self._what} refused a message: {shown(said.strip())}; check that its release is one of VDSM 4"
        )


def _silence(heart_beat: str) -> float | None:
    """Seconds without a byte after which the server is dead; None where it promised no heart-beat."""
    promised = heart_beat.partition(",")[0].strip()
    if not (promised.isascii() and promised.isdecimal()) or int(promised[:9]) == 0:
        return None
    return max(int(promised[:9]), HEART_BEAT) / 1000 * _GRACE


def _kept(item: t.Any) -> t.Any:
    return {key: item[key] for key in _KEPT if key in item} if isinstance(item, dict) else item
