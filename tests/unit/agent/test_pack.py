# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The archive that the role unpacks in the guest."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

from .conftest import PROGRAM


def test_archive_is_the_same_each_time_and_harmless(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, str(PROGRAM / "pack.py")]
    told = [
        subprocess.run(command, input=b"[general]\n", capture_output=True, check=True).stdout for _number in range(2)
    ]
    archives = [Path(path.decode().strip()) for path in told]
    assert archives[0] != archives[1]
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with tarfile.open(archives[0]) as archive:
        members = archive.getmembers()
        configuration = archive.extractfile("etc/ovirt-guest-agent.conf").read()
    assert configuration == b"[general]\n"
    assert {(member.isfile(), member.uid, member.gid, member.mode) for member in members} == {
        (True, 0, 0, 0o644),
        (False, 0, 0, 0o755),
    }
    folders = [member.name for member in members if member.isdir()]
    assert folders == ["usr/local/lib/virtmap-guest-agent", "usr/local/lib/virtmap-guest-agent/virtmap_guest_agent"]
    names = {member.name for member in members}
    assert "usr/local/lib/virtmap-guest-agent/virtmap_guest_agent/__main__.py" in names
    assert "etc/systemd/system/virtmap-guest-agent.service" in names
    assert not any("__pycache__" in name for name in names)


def test_user_of_the_agent_can_read_it_whatever_the_umask_of_root_and_a_second_time_is_no_change(tmp_path):
    packed = subprocess.run([sys.executable, str(PROGRAM / "pack.py")], input=b"", capture_output=True, check=True)
    archive = packed.stdout.decode().strip()
    # Root keeps the modes of the archive, as --preserve-permissions does for everybody.
    unpack = 'umask 077; tar --extract --preserve-permissions --no-same-owner --file "$1" --directory "$2"'
    subprocess.run(["sh", "-c", unpack, "sh", archive, str(tmp_path)], check=True)
    folder = tmp_path / "usr/local/lib/virtmap-guest-agent"
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "virtmap_guest_agent")] == [0o755, 0o755]
    (folder / "__pycache__").mkdir()
    told = subprocess.run(
        ["tar", "--diff", "--file", archive, "--directory", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert [line for line in told.stdout.splitlines() if "id differs" not in line] == []
    Path(archive).unlink()
