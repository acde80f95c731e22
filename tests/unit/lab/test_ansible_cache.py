# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible import module_utils
from ansible.executor.module_common import ModuleDepFinder
from ansible_collections.virtmap.core.tests.lab import ansible_cache

REPO = Path(__file__).resolve().parents[3]
ONLY_AST = ast.PyCF_ONLY_AST


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder of packages that has the cache."""
    folder = tmp_path / "packages"
    folder.mkdir()
    ansible_cache.install(str(folder))
    return folder


def python(packages: Path, code: str, program: Path | None = None) -> str:
    """What a piece of code says in an interpreter that has the cache, and no other site's; a program is a file to put it
    into."""
    code = f"import site; site.addsitedir({str(packages)!r}); {code}"
    if program:
        program.write_text(code, encoding="utf-8")
    words = [str(program)] if program else ["-c", code]
    done = subprocess.run([sys.executable, "-S", *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def run(archive: Path, packages: Path) -> str:
    """What the module in an archive says."""
    return python(packages, f"import sys; sys.path.insert(0, {str(archive)!r}); import part")


def pack(archive: Path, source: str) -> Path:
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("part.py", source)
    return archive


def kept_in(packages: Path) -> list[Path]:
    return list((packages / "__pycache__" / ansible_cache.NAME).iterdir())


def test_a_source_is_compiled_once_and_told_where_it_lies(tmp_path: Path, packages: Path) -> None:
    for name in ("one.zip", "two.zip"):
        archive = pack(tmp_path / name, "print('said')\nraise RuntimeError(1)\n")
        said = run(archive, packages)
        assert said.startswith("said\n")
        assert f'File "{archive}/part.py", line 2' in said
        assert len(kept_in(packages)) == 1
    # From what is kept, and not compiled again.
    (kept,) = kept_in(packages)
    other = pack(tmp_path / "other.zip", "print('changed')\n")
    assert run(other, packages) == "changed\n"
    (new,) = set(kept_in(packages)) - {kept}
    new.replace(kept)
    assert run(archive, packages) == "changed\n"


def test_only_what_runs_tasks_is_given_a_tree_of_imports(tmp_path: Path, packages: Path) -> None:
    code = (
        "import ast; source = 'import a\\nx = 1'; "
        f"print(len(compile(source, 'name', 'exec', {ONLY_AST}).body), len(ast.parse(source).body))"
    )
    assert python(packages, code, program=tmp_path / "ansible-inventory") == "2 2\n"
    for _time in range(2):
        assert python(packages, code, program=tmp_path / "ansible-playbook") == "1 2\n"
        assert [path.suffix for path in kept_in(packages)] == [".imports"]
    broken = f"compile('import (', 'name', 'exec', {ONLY_AST})"
    assert 'File "name", line 1' in python(packages, broken, program=tmp_path / "ansible-playbook")


def found(tree: ast.Module, name: str) -> tuple[set[tuple[str, ...]], ...]:
    finder = ModuleDepFinder(name, tree, is_pkg_init=name.endswith("__init__"))
    return finder.submodules, finder.optional_imports


def test_ansible_finds_in_the_imports_what_it_finds_in_the_whole() -> None:
    trees = {
        "ansible_collections.virtmap.core.plugins.modules": REPO / "plugins" / "modules",
        "ansible_collections.virtmap.core.plugins.module_utils": REPO / "plugins" / "module_utils",
        "ansible.module_utils": Path(module_utils.__file__).parent,
    }
    optional = 0
    for start, folder in trees.items():
        for path in folder.rglob("*.py"):
            name = ".".join([start, *path.relative_to(folder).with_suffix("").parts])
            tree = ast.parse(path.read_bytes())
            whole = found(tree, name)
            assert found(ast.parse(ansible_cache.imports_of(tree)), name) == whole, path
            optional += bool(whole[1])
    assert optional, "no file has an import that may fail"
