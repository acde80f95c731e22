# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Managed objects and their properties, out of the XML. Private to this collection."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from dataclasses import dataclass, field
from sys import intern
from urllib.parse import unquote

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.faults import NOT_AUTHENTICATED, SessionEnded
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.soap import local_type

if t.TYPE_CHECKING:
    from lxml.etree import _Element

_OBJ = f"{{{vim.NAMESPACE}}}obj"
_NAME = f"{{{vim.NAMESPACE}}}name"
_VAL = f"{{{vim.NAMESPACE}}}val"
_PROP_SET = f"{{{vim.NAMESPACE}}}propSet"
_MISSING_SET = f"{{{vim.NAMESPACE}}}missingSet"
_PATH = f"{{{vim.NAMESPACE}}}path"
_FAULT = f"{{{vim.NAMESPACE}}}fault"

# The set leaf properties of an object by their path. All values are texts: ids of objects, words, numbers.
Properties = dict[str, str]


@dataclass
class Objects:
    """All that was read.

    Attributes:
        by_type: the objects of each type by their id.
        missing: by the id of an object the properties that could not be read, with the type of the fault.
    """

    by_type: defaultdict[str, dict[str, Properties]] = field(default_factory=lambda: defaultdict(dict))
    missing: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Properties]:
        """The objects of a type."""
        return self.by_type[kind]

    def put(self, ref: vim.Reference, properties: Properties, missing: dict[str, str]) -> None:
        """Keep an object; one that is known already is replaced, because what is read later is newer."""
        self.by_type[ref.type][ref.id] = properties
        self.missing.pop(ref.id, None)
        if missing:
            self.missing[ref.id] = missing

    def update(self, newer: Objects) -> None:
        """Keep all objects of another reading, as ``put`` does."""
        for kind, objects in newer.by_type.items():
            self.by_type[kind].update(objects)
            if self.missing:
                for known in self.missing.keys() & objects.keys():
                    del self.missing[known]
        self.missing.update(newer.missing)

    def drop(self, ref: vim.Reference) -> None:
        """Forget an object."""
        self.of(ref.type).pop(ref.id, None)
        self.missing.pop(ref.id, None)


def read_object(element: _Element, into: Objects, what: str) -> None:
    """Read one object of a page: its properties, and those that could not be read.

    Args:
        element: ``objects`` of the answer.
        into: where the object is kept.
        what: the server, for errors.

    Raises:
        BadAnswer: it is not in the form that the API defines.
        SessionEnded: the properties cannot be read because the session has ended.
    """
    # Runs once for each machine of the fleet. The plain case is one name and one value for each property.
    texts: list[t.Any] = [part.text for part in element.iter(_NAME, _VAL)]
    if len(texts) + 2 == 2 * len(element) and None not in texts:
        target = element[0]
        kind, name = target.get("type"), target.text
        if kind and name:
            into.by_type[kind][name] = dict(zip(map(intern, texts[::2]), texts[1::2]))
            return
    _read_slowly(element, into, what)


def _read_slowly(element: _Element, into: Objects, what: str) -> None:
    target = element.find(_OBJ)
    if target is None:
        raise BadAnswer(f"{what} answered with an object that has no id; look at the server's log")
    properties: Properties = {}
    for item in element.iterchildren(_PROP_SET):
        name, value = item.findtext(_NAME), item.find(_VAL)
        if not name or value is None:
            raise BadAnswer(f"{what} answered with a property without a name or a value; look at the server's log")
        properties[intern(name)] = value.text or ""
    into.put(read_reference(target, what), properties, read_missing(element, what))


def read_missing(element: _Element, what: str) -> dict[str, str]:
    """The properties of an object that could not be read, with the types of the faults.

    Raises:
        SessionEnded: it is because the session has ended.
    """
    missing = {}
    for item in element.iterchildren(_MISSING_SET):
        fault = item.find(f"{_FAULT}/{_FAULT}")
        if fault is None:
            fault = item.find(_FAULT)
        kind = "" if fault is None else local_type(fault)
        if kind == NOT_AUTHENTICATED:
            raise SessionEnded(f"{what} ended the session; run the task again")
        missing[intern(item.findtext(_PATH) or "")] = kind or "an unnamed fault"
    return missing


def read_reference(element: _Element, what: str) -> vim.Reference:
    """A reference to a managed object.

    Raises:
        BadAnswer: it is none.
    """
    kind, text = element.get("type"), element.text
    if not kind or not text:
        raise BadAnswer(f"{shown(what)} answered with an object that has no id; look at the server's log")
    return vim.Reference(intern(kind), text)


def display_name(properties: Properties) -> str | None:
    """The name of an object; vSphere writes the characters / \\ % in it as %2f %5c %25."""
    name = properties.get("name")
    return unquote(name) if name and "%" in name else name or None
