# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Lay the checkout out as ansible_collections/virtmap/core, where ansible-test and imports expect it.

ansible-test resolves symbolic links, so it needs a real copy. The copy keeps its path between runs, so that the
virtual environments that ansible-test makes below tests/output live on, and is a git repository of its own, because
ansible-test would otherwise find the outer repository and see only ignored files.
"""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
NAMESPACE = "virtmap"
NAME = "core"
KEPT = (Path(".git"), Path("tests/output"))


def git_files(repo: Path) -> list[Path]:
    """Name the files of a checkout, tracked and untracked but not ignored, relative to it, sorted."""
    output = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repo,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout.decode()
    names = {Path(name) for name in output.split("\0") if name}
    return sorted(name for name in names if (repo / name).is_file() or (repo / name).is_symlink())


def collection_path(root: Path) -> Path:
    """Tell where the collection lies below the folder that holds ansible_collections."""
    return root / "ansible_collections" / NAMESPACE / NAME


def copy_tree(root: Path, repo: Path = REPO) -> Path:
    """Make a real copy of the checkout below ``root`` and return the copy's path; a second run copies changes only.

    Files that left the checkout leave the copy too, except for what ansible-test keeps below tests/output.
    """
    target = collection_path(root)
    target.mkdir(parents=True, exist_ok=True)
    wanted = git_files(repo)
    for name in wanted:
        _copy_if_changed(repo / name, target / name)
    _remove_others(target, set(wanted))
    if not (target / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(target)], check=True)
    return target


def link_tree(root: Path, repo: Path = REPO) -> Path:
    """Make a symbolic link to the checkout below ``root``: enough for imports and playbooks, not for ansible-test."""
    target = collection_path(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not (target.is_symlink() and target.resolve() == repo.resolve()):
        target.unlink(missing_ok=True)
        target.symlink_to(repo, target_is_directory=True)
    return target


def _copy_if_changed(source: Path, target: Path) -> None:
    if not source.is_symlink() and target.is_file() and not target.is_symlink():
        same_mode = source.stat().st_mode == target.stat().st_mode
        if same_mode and filecmp.cmp(source, target, shallow=True):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def _remove_others(target: Path, wanted: set[Path]) -> None:
    for path in sorted(target.rglob("*"), reverse=True):
        name = path.relative_to(target)
        if name in wanted or any(name == kept or kept in name.parents for kept in KEPT):
            continue
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        elif not any(path.iterdir()):
            path.rmdir()


def main(arguments: list[str]) -> int:
    """Run ``tree.py copy|link FOLDER`` and print where the collection is now."""
    if len(arguments) != 2 or arguments[0] not in ("copy", "link"):
        print("usage: tree.py copy|link FOLDER", file=sys.stderr)
        return 2
    make = copy_tree if arguments[0] == "copy" else link_tree
    print(make(Path(arguments[1]).absolute()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
