# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Follows a source whose watch is a test's own, and takes the events."""

from __future__ import annotations

import threading
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._events.tracker import Patience
from ansible_collections.virtmap.core.plugins.plugin_utils import _following as following
from ansible_collections.virtmap.core.plugins.plugin_utils._following import Following, Settings
from ansible_collections.virtmap.core.plugins.plugin_utils._sources import read_source

DEADLINE = 300.0


class Taken:
    """Takes events in the test's own thread, and gives up instead of waiting for ever."""

    def __init__(self, found: Following) -> None:
        self.following = found
        self.events = found.events()
        self._alarm = threading.Timer(DEADLINE, found.stop)

    def __enter__(self) -> Taken:
        self._alarm.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._alarm.cancel()
        self.following.stop()

    def next(self) -> dict[str, t.Any]:
        return next(self.events)

    def kinds(self, count: int) -> list[str]:
        return [self.next()["type"] for _number in range(count)]


def watched(monkeypatch: pytest.MonkeyPatch, watch: t.Any, settle: float = 0.0) -> Following:
    """Follows one source whose watch is the given one."""
    monkeypatch.setattr(following, "native_watch", lambda _backend: watch)
    monkeypatch.setattr(following, "FIRST_PAUSE", 0.01)
    source = read_source({"backend": "file", "path": "/nonexistent"}, "sources[0]")
    return Following([source], Settings(60.0, settle, True, True, Patience(limit=0.0)))
