# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from ansible_collections.virtmap.core.tests.lab import zip_cache


def run(archive: Path, packages: Path) -> str:
    """What the module in an archive says in an interpreter that has the cache, and no other site's."""
    code = f"import site; site.addsitedir({str(packages)!r}); import sys; sys.path.insert(0, {str(archive)!r}); import part"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def pack(archive: Path, source: str) -> Path:
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("part.py", source)
    return archive


def test_a_source_is_compiled_once_and_told_where_it_lies(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    zip_cache.install(str(packages))
    cached = packages / "__pycache__" / zip_cache.NAME
    for name in ("one.zip", "two.zip"):
        archive = pack(tmp_path / name, "print('said')\nraise RuntimeError(1)\n")
        said = run(archive, packages)
        assert said.startswith("said\n")
        assert f'File "{archive}/part.py", line 2' in said
        assert len(list(cached.iterdir())) == 1
    # From what is kept, and not compiled again.
    (kept,) = cached.iterdir()
    other = pack(tmp_path / "other.zip", "print('changed')\n")
    assert run(other, packages) == "changed\n"
    (new,) = set(cached.iterdir()) - {kept}
    new.replace(kept)
    assert run(archive, packages) == "changed\n"
