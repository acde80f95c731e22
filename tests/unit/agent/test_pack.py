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
    assert all(member.isfile() and (member.uid, member.gid, member.mode) == (0, 0, 0o644) for member in members)
    names = {member.name for member in members}
    assert "usr/local/lib/virtmap-guest-agent/virtmap_guest_agent/__main__.py" in names
    assert "etc/systemd/system/virtmap-guest-agent.service" in names
    assert not any("__pycache__" in name for name in names)
