# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""xCAT's stanza format, read and changed line by line, so that all else stays as it is. Pure. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._scan.broken_line import BrokenLine

HEAD = "# <xCAT data object stanza file>"
_DEFAULTS = "default-node"
_INDENT = "    "


@dataclass
class Stanza:
    """An object: its attributes, where each stands, and the line behind which new ones go."""

    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    end: int = 0


class StanzaText:
    """A stanza file.

    Attributes:
        changed: whether it differs from the text that was read.

    Raises:
        BrokenLine: a line is none of the format.
    """

    def __init__(self, text: str) -> None:
        self.changed = False
        # Not splitlines, which breaks lines at characters that values may hold.
        self._lines: list[list[str]] = [[line] for line in text.rstrip("\n").split("\n")] if text.strip() else []
        self._stanzas: dict[str, Stanza] = {}
        self._appended: dict[str, dict[str, str]] = {}
        self._read()

    def __iter__(self) -> t.Iterator[str]:
        """The names of all nodes."""
        return iter([*self._stanzas, *self._appended])

    def get(self, name: str) -> dict[str, str] | None:
        """The attributes of a node; None when there is none of this name."""
        if name in self._appended:
            return self._appended[name]
        stanza = self._stanzas.get(name)
        return None if stanza is None else stanza.values

    def set(self, name: str, attributes: t.Mapping[str, str]) -> bool:
        """Set attributes of a node, which is added when it is not there; returns whether that changed anything."""
        current = self.get(name)
        if current is None:
            self._appended[name] = {word: value for word, value in attributes.items() if value}
            self.changed = True
            return True
        different = {word: value for word, value in attributes.items() if current.get(word, "") != value}
        stanza = self._stanzas.get(name)
        for word, value in different.items():
            current[word] = value
            if stanza is not None:
                self._write(stanza, word, value)
        self.changed = self.changed or bool(different)
        return bool(different)

    def render(self) -> str:
        """The file with its changes."""
        lines = [line for group in self._lines for line in group] or [HEAD]
        for name, attributes in self._appended.items():
            lines += ["", *block(name, attributes)]
        return "\n".join(lines) + "\n"

    def _write(self, stanza: Stanza, word: str, value: str) -> None:
        if word in stanza.lines:
            group = self._lines[stanza.lines[word]]
            indent = group[0][: len(group[0]) - len(group[0].lstrip())]
            group[0] = f"{indent}{word}={quoted(value)}"
        else:
            self._lines[stanza.end].append(f"{_INDENT}{word}={quoted(value)}")

    def _read(self) -> None:
        defaults: dict[str, str] = {}
        stanza: Stanza | None = None
        for number, (line,) in enumerate(self._lines):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            if text.endswith(":"):
                name = text[:-1].strip()
                if not name or "=" in name:
                    raise BrokenLine(number + 1, "a value that ends in a colon begins another object for xCAT")
                stanza = Stanza() if name == _DEFAULTS else self._stanzas.setdefault(name, Stanza({**defaults}))
                if name == _DEFAULTS:
                    defaults = stanza.values
                stanza.end = number
                continue
            word, equals, value = text.partition("=")
            if stanza is None or not equals or not word.strip():
                raise BrokenLine(number + 1, "it is neither a name with a colon nor an attribute with a value")
            stanza.values[word.strip()] = _unquoted(value.strip())
            stanza.lines[word.strip()] = stanza.end = number


def block(name: str, attributes: t.Mapping[str, str]) -> list[str]:
    """The lines of a node as xCAT writes them: objtype first, all else by the alphabet."""
    rest = {word: value for word, value in attributes.items() if word != "objtype" and value}
    lines = [f"{name}:", f"{_INDENT}objtype={attributes.get('objtype') or 'node'}"]
    return lines + [f"{_INDENT}{word}={quoted(rest[word])}" for word in sorted(rest)]


def quoted(value: str) -> str:
    """A value so that reading gives it back: one pair of quotes is taken off, a colon at the end means an object."""
    wrapped = value != value.strip() or value.endswith(":") or value != _unquoted(value)
    return f'"{value}"' if wrapped else value


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
