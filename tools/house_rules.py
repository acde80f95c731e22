# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Checks of this collection's own rules that no ready-made linter knows.

Each check takes the repository's root and returns one sentence per finding. ``python -m tools.house_rules`` runs all.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from tools.tree import REPO, git_files

GROUP = "virtmap"
SHARED_LINES = 300
MODULE_CODE_LINES = 90
DOCUMENTATION_NAMES = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
PACKAGE = "ansible_collections.virtmap.core.plugins.module_utils."
# The floors of module_utils that each floor may stand on besides itself; an arrow only points down.
ALLOWED_FLOORS = {
    "_core": set[str](),
    "_events": {"_core"},
    "_transport": {"_core"},
    "_backends": {"_core", "_transport", "_virt_who"},
    "_history": {"_core", "_transport"},
    "_reporters": {"_core", "_transport", "_virt_who"},
    "_reports": {"_core"},
}
# Behave alike with every ansible-core, because they import nothing of it; their tests run with one of each Python.
FREE_OF_ANSIBLE = ("_backends", "_events", "_history", "_reporters", "_reports", "_transport")
# Where Ansible's own machinery is met; all other shared code raises errors and takes callables.
GLUE = {"_core/module.py"}
PROCESS_ENDERS = {"fail_json", "exit_json"}
# Places of one machine and hosts that only serve downloads; brackets keep these lines from finding themselves.
PRIVATE = re.compile(r"/wor[k]/|pypi\.or[g]|pythonhoste[d]|registry\.npm[j]s|deb\.debian\.or[g]|proxy\.golan[g]")
MERGE_MARKS = ("<" * 7 + " ", ">" * 7 + " ")


def python_files(root: Path, folder: str) -> Iterator[Path]:
    """Yield the Python files below a folder of the repository."""
    yield from sorted((root / folder).rglob("*.py"))


def module_names(root: Path) -> set[str]:
    """Name the modules of the collection."""
    return {path.stem for path in (root / "plugins" / "modules").glob("*.py") if path.stem != "__init__"}


def action_group(root: Path) -> list[str]:
    """Compare the action group of meta/runtime.yml with the modules that are there."""
    runtime = yaml.safe_load((root / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    listed = runtime["action_groups"][GROUP]
    there = module_names(root)
    problems = [f"meta/runtime.yml: add {name} to the action group {GROUP}" for name in sorted(there - set(listed))]
    problems += [f"meta/runtime.yml: {name} is no module" for name in sorted(set(listed) - there)]
    if listed != sorted(set(listed)):
        problems.append(f"meta/runtime.yml: sort the action group {GROUP} and name each module once")
    return problems


def code_lines(source: str) -> int:
    """Count the lines that hold code: no comments, blank lines, docstrings or documentation blocks."""
    lines: set[int] = set()
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in skipped:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Expr, ast.Assign)) and _is_documentation(node):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def _is_documentation(node: ast.Expr | ast.Assign) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return any(isinstance(target, ast.Name) and target.id in DOCUMENTATION_NAMES for target in node.targets)


def sizes(root: Path) -> list[str]:
    """Find shared files and modules that have grown beyond what one reads at a sitting."""
    problems = []
    for path in python_files(root, "plugins"):
        name = path.relative_to(root)
        source = path.read_text(encoding="utf-8")
        if name.parts[1] == "modules":
            count = code_lines(source)
            if count > MODULE_CODE_LINES:
                problems.append(f"{name}: {count} lines of code; a module has at most {MODULE_CODE_LINES}")
        elif name.parts[1] != "doc_fragments":
            count = len(source.splitlines())
            if count >= SHARED_LINES:
                problems.append(f"{name}: {count} lines; a shared file stays below {SHARED_LINES}")
    return problems


def imported_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything that a file imports, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def layers(root: Path) -> list[str]:
    """Find imports that point up or sideways, dynamic imports and shared code that ends the process."""
    problems = []
    base = root / "plugins" / "module_utils"
    for path in python_files(root, "plugins/module_utils"):
        inside = path.relative_to(base)
        name = path.relative_to(root)
        floor, room = inside.parts[0], inside.parts[1] if len(inside.parts) > 2 else ""
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for line, imported in imported_names(tree):
            problems += [f"{name}:{line}: {text}" for text in _import_problems(floor, room, inside.name, imported)]
        if str(inside) not in GLUE:
            problems += [
                f"{name}:{node.lineno}: shared code raises an error instead of calling {node.attr}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and node.attr in PROCESS_ENDERS
            ]
    for path in python_files(root, "plugins/modules"):
        for line, imported in imported_names(ast.parse(path.read_text(encoding="utf-8"))):
            if imported.split(".")[0] == "importlib":
                problems.append(f"{path.relative_to(root)}:{line}: a dynamic import does not travel to the target")
    return problems


def _import_problems(floor: str, room: str, file_name: str, imported: str) -> Iterator[str]:
    if imported.split(".")[0] == "importlib":
        yield "a dynamic import does not travel to the target"
    if file_name in ("convert.py", "model.py") and imported.split(".")[0] == "ansible":
        yield "this file is pure and imports nothing of Ansible"
    elif floor in FREE_OF_ANSIBLE and imported.split(".")[0] == "ansible":
        yield f"{floor} imports nothing of Ansible"
    if not imported.startswith(PACKAGE) or floor not in ALLOWED_FLOORS:
        return
    other_floor, *rest = imported[len(PACKAGE) :].split(".")
    if other_floor not in ALLOWED_FLOORS[floor] | {floor}:
        yield f"{floor} must not import {other_floor}"
    elif room and other_floor == floor and floor in ("_backends", "_reporters") and rest[:1] != [room]:
        yield f"{floor}/{room} must not import its neighbour {'.'.join(rest[:1])}"


def text_lines(root: Path) -> Iterator[tuple[str, str]]:
    """Yield place and text of each line of the repository's text files."""
    for name in git_files(root):
        path = root / name
        content = b"" if path.is_symlink() else path.read_bytes()
        if b"\0" not in content:
            for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1):
                yield f"{name}:{number}", line


def stray_text(root: Path) -> list[str]:
    """Find marks of unfinished merges, paths of one machine and hosts of package indexes."""
    problems = []
    for place, line in text_lines(root):
        found = PRIVATE.search(line)
        if found:
            problems.append(f"{place}: {found.group(0)} belongs to one machine or to the packaging")
        if line.startswith(MERGE_MARKS):
            problems.append(f"{place}: a merge was not finished here")
    return problems


CHECKS: tuple[Callable[[Path], list[str]], ...] = (action_group, sizes, layers, stray_text)


def main(root: Path = REPO) -> int:
    """Print what the checks find and return 1 when that is anything."""
    problems = [problem for check in CHECKS for problem in check(root)]
    for problem in problems:
        print(problem)
    print(f"house rules: {len(problems)} problems" if problems else "house rules: kept")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
