# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Let the interpreter of an environment keep what Ansible has it parse and compile, as it keeps what it compiles of folders.

Ansible sends each module as a zip of source files. For every task of every playbook it parses all of them on its side, to
find what they import, and Python compiles all of them on the other: half of what a task costs. The thousands of tasks of
the tests send the same few files again and again. ``install`` puts this file into an environment, where Python imports it
at each start.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

NAME = "virtmap_ansible_cache"
HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "__pycache__", NAME)
# Commands that run tasks.
CONTROLLERS = ("ansible", "ansible-playbook")
# ast.PyCF_ONLY_AST, which is not worth the import of a module.
ONLY_AST = 0x400


def install(packages: str) -> None:
    """Install into the folder of an environment's packages; what was kept before stays."""
    # Not above: each start of Python imports this file.
    import shutil

    shutil.copyfile(__file__, os.path.join(packages, f"{NAME}.py"))
    with open(os.path.join(packages, f"{NAME}.pth"), "w", encoding="utf-8") as stream:
        stream.write(f"import {NAME}; {NAME}.activate()\n")


def activate() -> None:
    """Make this interpreter look among what is kept before it compiles a file of a zip or, for Ansible, parses one."""
    compile_zips_once()
    # Since Python 3.10; before there is no controller to run.
    words = getattr(sys, "orig_argv", ())[1:]
    program = next((word for word in words if not word.startswith("-")), "")
    if os.path.basename(program) in CONTROLLERS:
        parse_once()
        leave_garbage()


def kept(source: bytes, suffix: str, make: Callable[[], bytes]) -> bytes:
    """Read what was made of a source before, or make it and keep it."""
    import _imp

    # Python names its own cache so, and has no public place for it.
    path = os.path.join(FOLDER, f"{vars(_imp)['source_hash'](len(source), source).hex()}.{suffix}")
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        content = make()
        os.makedirs(FOLDER, exist_ok=True)
        # In one step, because others may write the same at the same time.
        draft = f"{path}.{os.getpid()}"
        with open(draft, "wb") as stream:
            stream.write(content)
        os.replace(draft, path)
        return content


def compile_zips_once() -> None:
    """Make zipimport look among what was compiled before it compiles."""
    import _imp
    import marshal
    import zipimport

    # Python's own cache is for files in folders, and there is no public place for another.
    importer, internal = vars(zipimport), vars(_imp)
    compile_source = importer["_compile_source"]

    def compile_once(path: str, source: bytes) -> object:
        made = kept(source, sys.implementation.cache_tag or "code", lambda: marshal.dumps(compile_source(path, source)))
        code = marshal.loads(made)
        # What tracebacks name is where this zip file lies, not the one it was compiled from.
        internal["_fix_co_filename"](code, path)
        return code

    importer["_compile_source"] = compile_once


def parse_once() -> None:
    """Make ``compile`` look among what was parsed before, where it is called as Ansible's search for imports calls it.

    ``ansible.executor.module_common`` asks for the whole tree of each file and looks at nothing but its imports: the tree
    it is given has only these.
    """
    import builtins

    compile_source = builtins.compile

    def compile_once(
        source: str | bytes, filename: str, mode: str, flags: int = 0, *more: object, **options: object
    ) -> object:
        # All others that want a tree name the version of the language.
        if flags != ONLY_AST or more or options:
            return compile_source(source, filename, mode, flags, *more, **options)  # type: ignore[call-overload]
        text = source.encode() if isinstance(source, str) else source
        imports = kept(text, "imports", lambda: imports_of(compile_source(source, filename, mode, flags)))
        return compile_source(imports, filename, mode, flags)

    builtins.compile = compile_once  # type: ignore[assignment]


def imports_of(tree: ast.Module) -> bytes:
    """Write the imports of a file as one that has no more: those of its outermost level there, because Ansible insists on
    what these name, and all others in a block."""
    import ast

    outer = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    inner = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) and node not in outer]
    lines = [*map(ast.unparse, outer), *(["if 1:", *(f" {ast.unparse(node)}" for node in inner)] if inner else [])]
    return "\n".join(lines).encode()


def leave_garbage() -> None:
    """Leave garbage in cycles where it is: who ends within seconds needs no memory back, and looking for it copies the
    memory that each forked worker shares with its parent."""
    import gc

    gc.disable()
