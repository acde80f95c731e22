# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tools.get_pip import carry_configuration, write_stand_in

FAKE_PIP = "import sys\n\n\ndef main():\n    print(*sys.argv)\n    return 3\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that already has the wheel, so that nothing is fetched: a wheel that prints its arguments."""
    cache = tmp_path / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True)
    with zipfile.ZipFile(cache / "pip-24.2-py3-none-any.whl", "w") as wheel:
        for package in ("pip", "pip/_internal", "pip/_internal/cli"):
            wheel.writestr(f"{package}/__init__.py", "")
        wheel.writestr("pip/_internal/cli/main.py", FAKE_PIP)
    return tmp_path


def test_the_script_runs_the_wheels_pip_without_the_words_it_does_not_know(home: Path) -> None:
    script = write_stand_in(home, "2.19", python="/nonexistent")
    assert script == home / ".ansible" / "test" / "cache" / "get_pip_24_2.py"
    command = [sys.executable, "-S", str(script), "-q", "pip==24.2", "--no-setuptools", "--no-wheel"]
    ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stdout.split()) == (3, ["pip", "install", "-q", "pip==24.2"])


def test_settings_of_the_environment_reach_the_other_home(tmp_path: Path) -> None:
    listing = ":env:.cert='/ca.pem'\nglobal.extra-index-url='a\\nb'\ninstall.user='no'\n"
    (tmp_path / "listing").write_text(listing)
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexec cat {tmp_path / 'listing'}\n")
    python.chmod(0o755)
    settings = configparser.RawConfigParser()
    settings.read(carry_configuration(tmp_path / "home", str(python)))
    assert dict(settings["global"]) == {"cert": "/ca.pem", "extra-index-url": "a b"}
    assert dict(settings["install"]) == {"user": "no"}


def test_a_core_without_a_known_pip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_stand_in(tmp_path, "1.0")
