# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Finds every example that a user may copy: code blocks of documents, EXAMPLES of plugins, commands in the heads of playbooks."""

from __future__ import annotations

import ast
import re
import textwrap
import typing as t
from dataclasses import dataclass
from pathlib import Path

# The collection is a package here, wherever its copy lies.
ROOT = Path(__file__).resolve().parents[3]

_FENCE = re.compile(r"^(\s*)```(\S*)\s*$")
_DIRECTIVE = re.compile(r"^(\s*)\.\. (?:code-block|code|sourcecode)::[ \t]*(\S*)\s*$")
_HEAD_COMMAND = re.compile(r"^#.*?\b(ansible-playbook .*)$")


@dataclass(frozen=True)
class Block:
    """One example.

    Attributes:
        path: the file, relative to the collection.
        line: the number of its first line there.
        language: as the document says it; empty where it says none.
    """

    path: str
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"


def documents() -> list[Path]:
    """The documents for users and contributors."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    return found + sorted((ROOT / "roles").glob("*/README.md")) + sorted((ROOT / "docs/docsite/rst").glob("*.rst"))


def all_blocks() -> list[Block]:
    """Every example, in the order of the files."""
    found: list[Block] = []
    for path in documents():
        found += _of_markdown(path) if path.suffix == ".md" else _of_rst(path)
    for path in sorted([*(ROOT / "plugins").rglob("*"), *(ROOT / "extensions").rglob("plugins/**/*.py")]):
        if path.suffix == ".py":
            found += _of_python(path)
        elif path.suffix == ".yml":
            found += _of_sidecar(path)
    for path in sorted((ROOT / "playbooks").glob("*.yml")):
        found += _of_head(path)
    return found


def _block(path: Path, line: int, language: str, lines: t.Sequence[str]) -> Block:
    text = textwrap.dedent("\n".join(lines)).strip("\n") + "\n"
    return Block(str(path.relative_to(ROOT)), line, language, text)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _of_markdown(path: Path) -> t.Iterator[Block]:
    lines = _lines(path)
    start = None
    language = ""
    for number, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if start is None:
            start, language = number + 1, fence.group(2)
        else:
            yield _block(path, start + 1, language, lines[start:number])
            start = None
    assert start is None, f"{path.name}:{start}: the code block is not closed"


def _of_rst(path: Path) -> t.Iterator[Block]:
    lines = _lines(path)
    for number, line in enumerate(lines):
        directive = _DIRECTIVE.match(line)
        if directive is None:
            continue
        depth = len(directive.group(1))
        start = number + 1
        # Options of the directive stand right below it, before an empty line.
        while start < len(lines) and lines[start].strip():
            start += 1
        end = start
        while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > depth):
            end += 1
        while start < end and not lines[start].strip():
            start += 1
        yield _block(path, start + 1, directive.group(2), lines[start:end])


def _of_python(path: Path) -> t.Iterator[Block]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(getattr(name, "id", "") == "EXAMPLES" for name in node.targets):
            assert isinstance(node.value, ast.Constant), path
            text = str(node.value.value)
            yield _block(path, node.lineno + text[: len(text) - len(text.lstrip("\n"))].count("\n"), "yaml", [text])


def _of_sidecar(path: Path) -> t.Iterator[Block]:
    lines = _lines(path)
    for number, line in enumerate(lines):
        if line.startswith("EXAMPLES:"):
            rest = lines[number + 1 :]
            end = next((index for index, other in enumerate(rest) if other[:1].strip()), len(rest))
            yield _block(path, number + 2, "yaml", rest[:end])


def _of_head(path: Path) -> t.Iterator[Block]:
    for number, line in enumerate(_lines(path)):
        found = _HEAD_COMMAND.match(line)
        if found is not None:
            yield _block(path, number + 1, "console", [found.group(1)])
