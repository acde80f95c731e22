# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Which request meets which fault."""

from __future__ import annotations

import re
import threading
import typing as t
from dataclasses import dataclass, field

from .message import Request, Response
from .wire import Exchange


@dataclass(frozen=True)
class Fault:
    """One way to misbehave.

    ``act`` returns the response to send properly, or None when it has written what it wanted (possibly nothing) and
    the connection is to be closed.
    """

    name: str
    act: t.Callable[[Exchange], Response | None]


@dataclass
class Rule:
    """A fault, and the requests that meet it."""

    fault: Fault
    #: How many matching requests still meet it; None for all of them.
    times: int | None = 1
    #: How many matching requests are answered properly before the first fault.
    skip: int = 0
    method: str | None = None
    #: A regular expression for the whole path (without the query).
    path: str | None = None
    when: t.Callable[[Request], bool] | None = None
    #: How many requests met it so far.
    hits: int = 0

    def matches(self, request: Request) -> bool:
        """Is the request one of those that this rule is about?"""
        return (
            (self.method is None or self.method == request.method)
            and (self.path is None or re.fullmatch(self.path, request.path) is not None)
            and (self.when is None or self.when(request))
        )

    def take(self) -> bool:
        """Count one matching request; True when it meets the fault."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None and self.times <= 0:
            return False
        if self.times is not None:
            self.times -= 1
        self.hits += 1
        return True


@dataclass
class FaultPlan:
    """The rules of one server; the first that takes a request decides."""

    rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(
        self,
        fault: Fault,
        *,
        times: int | None = 1,
        skip: int = 0,
        method: str | None = None,
        path: str | None = None,
        when: t.Callable[[Request], bool] | None = None,
    ) -> Rule:
        """Let the next ``times`` matching requests (None: all) meet the fault, after ``skip`` good ones."""
        rule = Rule(fault, times, skip, method, path, when)
        with self._lock:
            self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self.rules.clear()

    def take(self, request: Request) -> Fault | None:
        """The fault that this request meets, None for a proper answer."""
        with self._lock:
            for rule in self.rules:
                if rule.matches(request) and rule.take():
                    return rule.fault
        return None
