# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A mapping as a task hands it over, read in full only where that is needed. Private to this collection.

Nearly every run of a fleet tells what the one before told. To find that out a checksum of the text is enough; to check
and build 40,000 guests takes ten times as long.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping


class Given:
    """One entry of the option ``mappings``.

    Args:
        document: the entry.
        path: its name in sentences, such as ``mappings[0]``.

    Attributes:
        head: the mapping without what it lists.
        fingerprint: a text that two entries share only when they say the same, at whatever time.

    Raises:
        InvalidInput: the entry is no mapping.
    """

    def __init__(self, document: t.Any, path: str) -> None:
        self._document = document
        self._path = path
        self._mapping: Mapping | None = None
        lists = ("hypervisors", "skipped", "unplaced")
        if isinstance(document, dict) and all(isinstance(document.get(name, []), list) for name in lists):
            empty: dict[str, list[t.Any]] = {name: [] for name in lists if name in document}
            self.head = parse_mapping({**document, **empty}, path)
        else:
            self.head = self.mapping
        self.fingerprint = fingerprint(document)

    @property
    def mapping(self) -> Mapping:
        """All of it.

        Raises:
            InvalidInput: it is not in shape.
        """
        if self._mapping is None:
            self._mapping = parse_mapping(self._document, self._path)
        return self._mapping

    @property
    def is_empty(self) -> bool:
        """Whether it lists no hypervisor."""
        return not self._document["hypervisors"]

    def figures(self) -> tuple[int, int, int]:
        """How many hypervisors, guests on them and left out objects it lists.

        Only for an entry that is known to be in shape.
        """
        hypervisors = self._document["hypervisors"]
        guests = sum(len(entry.get("guests") or ()) for entry in hypervisors)
        return len(hypervisors), guests, len(self._document.get("skipped") or ())


def fingerprint(document: t.Mapping[str, t.Any]) -> str:
    """The checksum of a mapping apart from its time."""
    rest = {key: value for key, value in document.items() if key != "collected_at"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
