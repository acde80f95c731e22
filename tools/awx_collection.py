# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Unpack the collection awx.awx for the tests of role awx: PyPI's package ``ansible`` brought it along up to version 12."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "ansible==12.3.0"
COLLECTION = "ansible_collections/awx/awx/"


def unpack(wheel: Path, folder: Path) -> None:
    """Unpack the collection out of a wheel, all or nothing."""
    draft = Path(tempfile.mkdtemp(dir=folder.parent))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(draft, [name for name in archive.namelist() if name.startswith(COLLECTION)])
    if not (draft / COLLECTION / "MANIFEST.json").exists():
        shutil.rmtree(draft)
        raise FileNotFoundError(f"{wheel.name} does not hold {COLLECTION}")
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def main(folder: Path) -> int:
    """Make sure that the collection is in the folder, from the same package."""
    stamp = folder / "package"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == PACKAGE:
        return 0
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        # The package itself need not be able to run here.
        options = ["--quiet", "--no-deps", "--ignore-requires-python", "--only-binary", ":all:", "--dest", place]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, PACKAGE], check=True)
        (wheel,) = Path(place).glob("*.whl")
        unpack(wheel, folder)
    stamp.write_text(PACKAGE, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
