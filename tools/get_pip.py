# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Give ``ansible-test --venv`` the script that puts pip into an empty virtual environment, without its download.

ansible-test wants one exact pip per release and fetches an installer script for it from a host of its own. The same
pip comes as a wheel from the Python package index, and a wheel can run itself, so a few lines that do that stand in.
"""

from __future__ import annotations

import ast
import configparser
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PIP_OF_CORE = {
    "2.16": "23.1.2",
    "2.17": "23.1.2",
    "2.18": "24.2",
    "2.19": "24.2",
    "2.20": "25.2",
    "2.21": "25.2",
}

SCRIPT = """\
import sys

sys.path.insert(0, {wheel!r})
dropped = ("--no-setuptools", "--no-wheel")
sys.argv = ["pip", "install"] + [word for word in sys.argv[1:] if word not in dropped]

from pip._internal.cli.main import main

sys.exit(main())
"""


def carry_configuration(home: Path, python: str = sys.executable) -> Path:
    """Write pip's settings of this user and environment (mirrors, certificates) into another home folder.

    ansible-test starts pip without the environment's PIP_* variables, and the other home folder hides the user's file.
    ``python`` has pip; what the machine's own file sets is repeated, which does no harm.
    """
    listed = subprocess.run(
        [python, "-m", "pip", "config", "list"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.splitlines()
    settings = configparser.RawConfigParser()
    for line in listed:
        name, text = line.split("=", 1)
        section, option = name.replace(":env:.", "global.").split(".", 1)
        if not settings.has_section(section):
            settings.add_section(section)
        settings.set(section, option, " ".join(ast.literal_eval(text).split()))
    path = home / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        settings.write(file)
    return path


def write_stand_in(home: Path, core: str, python: str = sys.executable) -> Path:
    """Write the script for an ansible-core release into a home folder, where ansible-test looks for it.

    ``core`` is a release line such as ``2.19``; ``python`` has pip. What is there already stays.
    Raises KeyError for a release line without a known pip, CalledProcessError when the wheel cannot be had.
    """
    version = PIP_OF_CORE[core]
    cache = home / ".ansible" / "test" / "cache"
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    wheel = cache / f"pip-{version}-py3-none-any.whl"
    if not wheel.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, f"pip=={version}"]
            subprocess.run(command, check=True)
            shutil.move(str(Path(folder) / wheel.name), str(wheel))
    script.write_text(SCRIPT.format(wheel=str(wheel)), encoding="utf-8")
    return script
