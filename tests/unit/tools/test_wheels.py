# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tools.wheels import compile_wheels

# Notes its arguments and the flags of the compiler, and fails for what it cannot compile.
UV = """#!/bin/sh
echo "$CFLAGS: $*" >> "$(dirname "$0")/calls"
case "$*" in *broken*) exit 1 ;; esac
"""


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    command = tmp_path / "bin" / "uv"
    command.parent.mkdir()
    command.write_text(UV)
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent), prepend=":")
    return command.parent / "calls"


def test_each_package_is_compiled_once_without_optimizing(tmp_path: Path, uv: Path) -> None:
    for _again in range(2):
        options = compile_wheels(tmp_path / "cache", sys.executable, "libvirt-python", "krb5>=0.5")
    assert options == ["--find-links", str(tmp_path / "cache" / "wheels")]
    calls = uv.read_text().splitlines()
    assert [call.rpartition(" ")[2] for call in calls] == ["libvirt-python", "krb5>=0.5"]
    assert all(call.startswith("-O0 ") and f"--python {sys.executable} " in call for call in calls)


def test_what_did_not_compile_is_told_and_tried_again(tmp_path: Path, uv: Path) -> None:
    for _again in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            compile_wheels(tmp_path / "cache", sys.executable, "broken")
    assert len(uv.read_text().splitlines()) == 2


def test_without_uv_pip_goes_its_own_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compile_wheels(tmp_path, sys.executable, "libvirt-python") == []
