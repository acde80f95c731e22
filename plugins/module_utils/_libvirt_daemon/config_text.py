# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading and editing the text of a libvirt daemon's configuration file. Private to this collection.

The form is libvirt's own: ``key = value`` with a number, a text in single, double or triple quotes (nothing is
escaped) or a list in brackets, comments from ``#`` to the end of the line, statements ended by a line break or a
semicolon. Of two statements with one key libvirt takes the first.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput

Value = t.Union[int, str, list[t.Any]]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_]*)[ \t]*=[ \t]*")
_NUMBER = re.compile(r"[+-]?[0-9]+")
_TEXT = re.compile(r'"""(?P<long>.*?)"""|"(?P<double>[^"\n]*)"|\'(?P<single>[^\'\n]*)\'', re.DOTALL)
_END = re.compile(r"[ \t]*(?:#[^\n]*)?(?:;|\r?\n|\Z)")
_IN_LIST = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Statement:
    """One setting and where it stands.

    Attributes:
        start, end: of the value.
        line_start, line_end: of the whole statement.
    """

    key: str
    value: Value
    start: int
    end: int
    line_start: int
    line_end: int


def parse(text: str) -> list[Statement]:
    """All statements of a file in their order.

    Raises:
        InvalidInput: libvirt would not accept the file either; the sentence names the line.
    """
    statements = []
    position = _after(_BLANK, text, 0)
    while position < len(text):
        key = _KEY.match(text, position)
        if key is None:
            raise _bad(text, position, "it is no setting and no comment")
        value, end = _value(text, key.end())
        closing = _END.match(text, end)
        if closing is None:
            raise _bad(text, end, "something stands behind the value")
        statements.append(Statement(key.group(1), value, key.end(), end, position, closing.end()))
        position = _after(_BLANK, text, closing.end())
    return statements


def values(text: str) -> dict[str, Value]:
    """The settings of a file that count, by key.

    Raises:
        InvalidInput: see parse.
    """
    found: dict[str, Value] = {}
    for statement in parse(text):
        found.setdefault(statement.key, statement.value)
    return found


def edit(text: str, changes: t.Mapping[str, int | str | None]) -> str:
    """The text with other settings, everything else left as it is.

    Args:
        changes: key to its new value, None to have the built-in default again. A new key goes below the comment that
        explains it.

    Raises:
        InvalidInput: the file is broken, has a key twice, or a value cannot be written in this form.
    """
    for key, value in changes.items():
        text = _edit_one(text, key, value)
    return text


def _edit_one(text: str, key: str, value: int | str | None) -> str:
    statements = [statement for statement in parse(text) if statement.key == key]
    if len(statements) > 1:
        raise _bad(text, statements[1].line_start, f"{key} stands there a second time, so remove one of the two")
    if value is None:
        return text if not statements else text[: statements[0].line_start] + text[statements[0].line_end :]
    if statements:
        return text[: statements[0].start] + _written(key, value) + text[statements[0].end :]
    line = f"{key} = {_written(key, value)}\n"
    explained = list(re.finditer(rf"^[ \t]*#[ \t]*{re.escape(key)}[ \t]*=[^\n]*(?:\n|\Z)", text, re.MULTILINE))
    at = explained[-1].end() if explained else len(text)
    gap = "" if at == 0 or text[at - 1] == "\n" else "\n"
    return text[:at] + gap + line + text[at:]


def _written(key: str, value: int | str) -> str:
    if isinstance(value, int):
        return str(value)
    if '"' in value or "\n" in value:
        raise InvalidInput(
            f"{key} cannot be kept in a configuration file: its value holds a double quote or a line break"
        )
    return f'"{value}"'


def _value(text: str, position: int) -> tuple[Value, int]:
    if text[position : position + 1] == "[":
        return _list(text, position + 1)
    number = _NUMBER.match(text, position)
    if number:
        return int(number.group()), number.end()
    quoted = _TEXT.match(text, position)
    if quoted:
        return next(part for part in quoted.groups() if part is not None), quoted.end()
    raise _bad(text, position, "the value is no number, no quoted text and no list")


def _list(text: str, position: int) -> tuple[list[t.Any], int]:
    found: list[t.Any] = []
    position = _after(_IN_LIST, text, position)
    while text[position : position + 1] != "]":
        value, position = _value(text, position)
        found.append(value)
        position = _after(_IN_LIST, text, position)
        if text[position : position + 1] == ",":
            position = _after(_IN_LIST, text, position + 1)
        elif text[position : position + 1] != "]":
            raise _bad(text, position, "a list lacks its comma or its closing bracket")
    return found, position + 1


def _after(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _bad(text: str, position: int, problem: str) -> InvalidInput:
    return InvalidInput(f"line {text.count(chr(10), 0, position) + 1}: {problem}")
