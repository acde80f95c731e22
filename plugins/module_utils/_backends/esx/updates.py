# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The objects of a server kept up to date by its update sets. Private to this collection."""

from __future__ import annotations

import typing as t
from contextlib import contextmanager

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.properties import (
    Objects,
    read_missing,
    read_reference,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.session import Session
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer

if t.TYPE_CHECKING:
    from lxml.etree import _Element

# How long the server keeps a call open, in seconds, and how many objects it tells of at once.
WAIT = 30
SIZE = 1000
_PREFIX = f"{{{vim.NAMESPACE}}}"
_VERSION, _OBJECT_SET, _TRUNCATED = (f"{_PREFIX}{name}" for name in ("version", "objectSet", "truncated"))


class Updates:
    """What a server tells of its objects, from a property collector of our own.

    The default collector of a session is shared by all its users, who would take each other's updates.

    Args:
        session: an open session.
        what: the properties to follow.

    Attributes:
        objects: as the server told last. Only whole after ``wait``.
    """

    def __init__(self, session: Session, what: vim.Paths) -> None:
        self.objects = Objects()
        self._session = session
        self._what = what
        self._collector = vim.INSTANCE
        self._version = ""

    @contextmanager
    def opened(self) -> t.Iterator[None]:
        """Make the collector and its filter, and release them at the end of the block."""
        session = self._session
        self._collector = session.reference_from(vim.operation("CreatePropertyCollector", session.collector))
        with session.released(lambda: vim.operation("DestroyPropertyCollector", self._collector)):
            view = session.reference_from(vim.create_view(session.views, session.root, self._what))
            with session.released(lambda: vim.operation("DestroyView", view)):
                session.reference_from(vim.create_filter(self._collector, self._what, view))
                yield

    def wait(self, seconds: int = WAIT) -> bool:
        """Wait until something happens, and take all of it in.

        Returns:
            whether something happened; the first time, everything that there is has happened.

        Raises:
            Cancelled: by ``cancel``.
            SessionEnded, Denied, NotFound, BadAnswer, CannotConnect: it has to be begun anew, with another object.
        """
        changed, truncated = self._read(seconds)
        while truncated:
            # The rest is there already, and what came so far is not the whole.
            more, truncated = self._read(seconds)
            changed = changed or more
        return changed

    def cancel(self) -> None:
        """End a call of ``wait`` in another thread, if there is one now."""
        self._session.call(vim.operation("CancelWaitForUpdates", self._collector), timeout=self._session.timeout)

    def _read(self, seconds: int) -> tuple[bool, bool]:
        changed = truncated = False
        version: str | None = None
        body = vim.wait_for_updates(self._collector, self._version, seconds, SIZE)
        timeout = seconds + self._session.timeout
        # Not repeated by the transport: after a lost answer nobody knows where the server's collector stands.
        with self._session.stream(
            body, (_VERSION, _OBJECT_SET, _TRUNCATED), repeatable=False, timeout=timeout
        ) as answer:
            for element in answer:
                if element.tag == _OBJECT_SET:
                    self._take(element)
                    changed = True
                elif element.tag == _VERSION:
                    version = element.text or ""
                else:
                    truncated = element.text == "true"
        if version is not None:
            self._version = version
        elif changed:
            raise BadAnswer(f"{self._session.what} told changes without their version; look at the server's log")
        return changed, truncated

    def _take(self, element: _Element) -> None:
        target = element.find(f"{_PREFIX}obj")
        if target is None:
            raise BadAnswer(f"{self._session.what} told a change of no object; look at the server's log")
        ref = read_reference(target, self._session.what)
        kind = element.findtext(f"{_PREFIX}kind")
        if kind == "leave":
            self.objects.drop(ref)
            return
        known = self.objects.of(ref.type).get(ref.id)
        if kind == "modify" and known is None:
            # It has left meanwhile: whatever comes enters first.
            return
        missing = read_missing(element, self._session.what)
        properties = dict(known or {}) if kind == "modify" else {}
        if kind == "modify":
            missing = {**self.objects.missing.get(ref.id, {}), **missing}
        for change in element.iterchildren(f"{_PREFIX}changeSet"):
            self._change(change, properties, missing)
        self.objects.put(ref, properties, missing)

    def _change(self, change: _Element, properties: dict[str, str], missing: dict[str, str]) -> None:
        path, value = change.findtext(f"{_PREFIX}name"), change.find(f"{_PREFIX}val")
        if not path:
            raise BadAnswer(f"{self._session.what} told a change of no property; look at the server's log")
        # Removed, or a container above it was unset: then all below it is gone.
        for gone in [name for name in properties if name == path or name.startswith(f"{path}.")]:
            del properties[gone]
        missing.pop(path, None)
        if value is not None and change.findtext(f"{_PREFIX}op") in ("assign", "add"):
            properties[path] = value.text or ""
