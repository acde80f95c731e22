# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Keeping settings in configuration files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput, Partial
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_file import (
    FileChange,
    keys_for,
    plan,
    read_values,
)


def planned(path: Path, **settings: int | str | None) -> FileChange:
    return plan("libvirtd", str(path), settings, lambda key, standing: settings[key] == standing)


@pytest.mark.parametrize(
    ("daemon", "server", "options", "keys"),
    [
        ("libvirtd", "libvirtd", ["min_workers", "max_workers", "prio_workers"], None),
        ("virtqemud", "virtqemud", ["max_unauth_clients"], ["max_anonymous_clients"]),
        ("libvirtd", "admin", ["min_workers", "max_workers"], ["admin_min_workers", "admin_max_workers"]),
        ("libvirtd", "admin", ["max_clients"], ["admin_max_clients"]),
        ("virtlogd", "virtlogd", ["max_clients"], ["max_clients"]),
        ("virtlockd", "admin", ["max_clients"], ["admin_max_clients"]),
    ],
)
def test_each_daemon_and_server_has_its_own_keys(
    daemon: str, server: str, options: list[str], keys: list[str] | None
) -> None:
    assert keys_for(daemon, server, options) == dict(zip(options, keys or options))


@pytest.mark.parametrize(
    ("daemon", "server", "option"),
    [
        ("libvirtd", "admin", "prio_workers"),
        ("libvirtd", "admin", "max_unauth_clients"),
        ("virtlogd", "virtlogd", "max_workers"),
        ("virtlogd", "virtlogd", "max_unauth_clients"),
        ("libvirtd", "other", "max_clients"),
    ],
)
def test_what_has_no_key_is_refused(daemon: str, server: str, option: str) -> None:
    with pytest.raises(InvalidInput, match=f"{option} of server {server} cannot be kept"):
        keys_for(daemon, server, [option])


def test_a_file_is_written_with_a_copy_of_the_old_one_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "libvirtd.conf"
    path.write_text("max_clients = 100\n")
    path.chmod(0o640)
    change = planned(path, max_clients=200, min_workers=6)
    assert change.changed
    assert path.read_text() == "max_clients = 100\n"
    backup = change.write()
    assert backup is not None
    assert Path(backup).read_text() == "max_clients = 100\n"
    assert path.read_text() == "max_clients = 200\nmin_workers = 6\n"
    assert [stat.S_IMODE(os.stat(one).st_mode) for one in (path, backup)] == [0o640, 0o640]
    assert sorted(os.listdir(tmp_path)) == sorted([path.name, os.path.basename(backup)])


def test_what_stands_there_already_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "libvirtd.conf"
    path.write_text("max_clients=100 # ours\n")
    assert not planned(path, max_clients=100).changed
    assert not planned(path, log_filters=None).changed


def test_a_missing_file_is_made_without_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "libvirtd.conf"
    assert planned(path, max_clients=100).write() is None
    assert path.read_text() == "max_clients = 100\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "real.conf", tmp_path / "libvirtd.conf"
    path.write_text("")
    link.symlink_to(path)
    change = planned(link, max_clients=100)
    change.write()
    assert change.path == str(path)
    assert link.is_symlink()
    assert path.read_text() == "max_clients = 100\n"


@pytest.mark.parametrize(
    ("content", "settings", "said"),
    [
        ("nonsense\n", {"max_clients": 100}, "line 1: it is no setting"),
        ("max_clients = 1\nmax_clients = 2\n", {"max_clients": 3}, "line 2: max_clients stands there a second time"),
        ("", {"min_workers": 30}, "min_workers = 30 with max_workers = 20"),
        ("min_workers = 10\n", {"max_workers": 8}, "min_workers = 10 with max_workers = 8"),
        ("", {"admin_max_workers": 3}, "admin_min_workers = 5 with admin_max_workers = 3"),
        ("", {"max_clients": 10}, "max_anonymous_clients = 20 with max_clients = 10"),
    ],
)
def test_a_file_that_would_be_wrong_is_refused_untouched(
    tmp_path: Path, content: str, settings: dict[str, int], said: str
) -> None:
    path = tmp_path / "libvirtd.conf"
    path.write_text(content)
    with pytest.raises(InvalidInput, match="nothing was changed") as caught:
        planned(path, **settings)
    assert said in caught.value.message
    assert path.read_text() == content
    assert os.listdir(tmp_path) == [path.name]


def test_the_small_daemons_know_no_anonymous_clients(tmp_path: Path) -> None:
    assert plan("virtlogd", str(tmp_path / "virtlogd.conf"), {"max_clients": 10}, lambda _key, _value: False).changed


def test_a_contradiction_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "libvirtd.conf"
    path.write_text("min_workers = 50\n")
    assert planned(path, max_clients=100).changed


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="its folder do not exist"):
        planned(tmp_path / "none" / "libvirtd.conf", max_clients=100)
    with pytest.raises(InvalidInput, match="cannot be read: Is a directory"):
        planned(tmp_path, max_clients=100)
    (tmp_path / "latin").write_bytes(b"# \xe4\n")
    with pytest.raises(InvalidInput, match="UTF-8"):
        planned(tmp_path / "latin", max_clients=100)


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "conf"
    folder.mkdir()
    path = folder / "libvirtd.conf"
    path.write_text("")
    change = planned(path, max_clients=100)
    path.unlink()
    folder.rmdir()
    with pytest.raises(Partial, match="in force, but cannot be kept in this file: No such file or directory"):
        change.write()


def test_without_a_file_there_are_no_settings(tmp_path: Path) -> None:
    assert read_values(str(tmp_path / "none.conf")) == {}
    (tmp_path / "bad.conf").write_text("a =\n")
    with pytest.raises(InvalidInput, match=r"bad\.conf: line 1: "):
        read_values(str(tmp_path / "bad.conf"))
