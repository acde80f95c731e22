# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tools.tree import copy_tree, git_files, link_tree


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    repo = tmp_path / "checkout"
    (repo / "plugins" / "modules").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(repo)], check=True)
    (repo / ".gitignore").write_text("*.log\n")
    (repo / "tracked.txt").write_text("one")
    subprocess.run(["git", "add", "."], cwd=repo, check=True)
    (repo / "plugins" / "modules" / "untracked.py").write_text("two")
    (repo / "ignored.log").write_text("three")
    return repo


def test_the_files_are_those_that_git_does_not_ignore(checkout: Path) -> None:
    (checkout / "gone.txt").write_text("")
    subprocess.run(["git", "add", "."], cwd=checkout, check=True)
    (checkout / "gone.txt").unlink()
    assert [str(name) for name in git_files(checkout)] == [".gitignore", "plugins/modules/untracked.py", "tracked.txt"]


def test_a_copy_is_a_repository_at_the_collections_place(checkout: Path, tmp_path: Path) -> None:
    copy = copy_tree(tmp_path / "tree", checkout)
    assert copy == tmp_path / "tree" / "ansible_collections" / "virtmap" / "core"
    assert git_files(copy) == git_files(checkout)
    assert (copy / ".git").is_dir()


def test_a_second_copy_follows_changes_and_keeps_what_ansible_test_made(checkout: Path, tmp_path: Path) -> None:
    copy = copy_tree(tmp_path / "tree", checkout)
    made = copy / "tests" / "output" / ".tmp" / "marker.txt"
    made.parent.mkdir(parents=True)
    made.write_text("")
    (checkout / "tracked.txt").write_text("changed")
    (checkout / "plugins" / "modules" / "untracked.py").unlink()
    (checkout / "new.txt").symlink_to("tracked.txt")
    copy_tree(tmp_path / "tree", checkout)
    assert (copy / "tracked.txt").read_text() == "changed"
    assert (copy / "new.txt").is_symlink()
    assert not (copy / "plugins").exists()
    assert made.exists()


def test_an_executable_bit_alone_is_a_change(checkout: Path, tmp_path: Path) -> None:
    copy = copy_tree(tmp_path / "tree", checkout)
    (checkout / "tracked.txt").chmod(0o755)
    copy_tree(tmp_path / "tree", checkout)
    assert (copy / "tracked.txt").stat().st_mode & 0o777 == 0o755


def test_a_link_leads_to_the_checkout(checkout: Path, tmp_path: Path) -> None:
    link = link_tree(tmp_path / "tree", checkout)
    assert link.resolve() == checkout
    assert link_tree(tmp_path / "tree", checkout) == link
    assert link.resolve() == checkout
