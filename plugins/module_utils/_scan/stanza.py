# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A store that is a stanza file of xCAT. Private to this collection."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._scan.broken_line import BrokenLine
from ansible_collections.virtmap.core.plugins.module_utils._scan.decide import Known
from ansible_collections.virtmap.core.plugins.module_utils._scan.files import read_text, replace_all
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest
from ansible_collections.virtmap.core.plugins.module_utils._scan.stanza_text import StanzaText
from ansible_collections.virtmap.core.plugins.module_utils._scan.store import Store, broken, unprintable
from ansible_collections.virtmap.core.plugins.module_utils._scan.words import new_node, with_groups

_NODE = "node"


class StanzaStore(Store):
    """Nodes in a stanza text.

    Raises:
        BrokenLine: it is none.
    """

    def __init__(self, text: str) -> None:
        self._text = StanzaText(text)
        self._hypervisors = {(self._text.get(name) or {}).get("vmhost") for name in self._text}

    def lookup(self, name: str) -> Known | None:
        found = self._node(name)
        return None if found is None else Known(found.get("vmhost"))

    def taken(self, name: str) -> str | None:
        found = self._text.get(name)
        if found is not None and self._node(name) is None:
            return f"the store has an object of type {shown(found.get('objtype'))} with this name"
        if name in self._hypervisors or (found or {}).get("hosttype"):
            return "a hypervisor in the store has this name"
        return None

    def refuses(self, guest: ScannedGuest) -> str | None:
        return unprintable(guest.attributes())

    def add(self, guest: ScannedGuest) -> None:
        self._text.set(guest.name or "", self._entry(guest))

    def update(self, guest: ScannedGuest) -> bool:
        return self._text.set(guest.name or "", guest.attributes())

    def _entry(self, guest: ScannedGuest) -> dict[str, str]:
        """The attributes of a guest that the store does not know as one yet."""
        groups = with_groups((self._node(guest.name or "") or {}).get("groups", ""))
        return {**new_node(guest), "groups": groups, "objtype": _NODE}

    def _node(self, name: str) -> dict[str, str] | None:
        found = self._text.get(name)
        return found if found is not None and found.get("objtype", _NODE) == _NODE else None


class StanzaFile(StanzaStore):
    """A stanza file.

    Args:
        path: of the file; it need not be there.

    Raises:
        InvalidInput: it cannot be read, or a line of it cannot be understood.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = read_text(path) or ""
        try:
            super().__init__(self._before)
        except BrokenLine as exc:
            raise broken(path, exc.line, exc.reason) from exc

    def texts(self) -> list[tuple[str, str, str]]:
        return [(str(self._path), self._before, self._text.render())] if self._text.changed else []

    def save(self, *, backup: bool) -> list[str]:
        return replace_all({self._path: self._text.render()}, backup=backup) if self._text.changed else []
