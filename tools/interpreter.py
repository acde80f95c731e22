# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Find a Python interpreter of one version on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

PRINT_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def find_interpreter(version: str) -> str | None:
    """Return the path of an interpreter of a version such as ``3.9`` that really starts; None when there is none.

    Looks on PATH, then at what pyenv installed: its commands on PATH only start versions that are switched on.
    """
    candidates = [Path(found)] if (found := shutil.which(f"python{version}")) else []
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates += sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))
    for candidate in candidates:
        ended = subprocess.run(
            [str(candidate), "-c", PRINT_VERSION],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if ended.returncode == 0 and ended.stdout.strip() == version:
            return str(candidate)
    return None
