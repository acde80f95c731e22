# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Runs the watch of a backend in a thread, as the event source does, and hands out what comes."""

from __future__ import annotations

import queue
import threading
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn
from ansible_collections.virtmap.core.plugins.module_utils._core.compare import changes
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

# How long a change may take on a busy machine before it counts as lost.
PATIENCE = 30.0

Watch = t.Callable[[t.Mapping[str, t.Any], Selection, Warn, threading.Event], t.Iterator[Mapping]]


class Follower:
    """A watch that runs within a ``with`` block.

    Args:
        options: those of the backend, complete.
    """

    def __init__(self, watch: Watch, options: t.Mapping[str, t.Any]) -> None:
        self.warnings: list[str] = []
        self.stop = threading.Event()
        self.ended = threading.Event()
        self.before: Mapping | None = None
        self._watch = watch
        self._options = options
        self._found: queue.Queue[Mapping | VirtmapError] = queue.Queue()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            selection = Selection.from_options(self._options)
            for mapping in self._watch(self._options, selection, self.warnings.append, self.stop):
                self._found.put(mapping)
        except VirtmapError as error:
            self._found.put(error)
        finally:
            self.ended.set()

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "it did not end when told to"

    def next(self) -> Mapping:
        """The next mapping; raises what ended the watch."""
        found = self._found.get(timeout=PATIENCE)
        if isinstance(found, VirtmapError):
            raise found
        return found

    def news(self) -> bool:
        """Whether there is a mapping that was not taken yet."""
        return not self._found.empty()

    def first(self) -> Mapping:
        """The mapping at the beginning."""
        self.before = self.next()
        return self.before

    def until(self, *wanted: str) -> list[str]:
        """Changes as ``kind name``, until all these have come; other mappings may come in between."""
        seen: list[str] = []
        while not set(wanted) <= set(seen):
            assert self.before is not None
            after = self.next()
            seen += [f"{change.kind} {change.name or change.hypervisor}" for change in changes(self.before, after)]
            self.before = after
        return seen

    def until_warned(self, part: str) -> None:
        """Wait for a warning that holds this text."""
        while not [warning for warning in self.warnings if part in warning]:
            assert not self.ended.wait(0.01)

    def exhaust(self) -> None:
        """Take what comes until it ends with an error."""
        while True:
            self.next()
