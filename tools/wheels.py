# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Compile once what is offered as source only, for all environments of a check.

Each of nine environments would compile libvirt-python anew where the package index tells uv nothing about caching, and
the parts of Kerberos take minutes. Tests need no optimized code, so these wheels have none; they stay in the checkout,
away from the caches that this user's other work takes wheels from.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path


def compile_wheels(cache: Path, python: str, *wanted: str) -> list[str]:
    """Have the wheels of some packages for one interpreter; return the options that let ``uv pip`` find them.

    Args:
        cache: the folder that holds them, and what pip keeps of its own.
        python: the interpreter to compile for.
        wanted: requirements such as ``libvirt-python``, each compiled once.

    Without uv there are no options: pip keeps by itself what it compiled. Where a package has a newer release since,
    uv takes and compiles that one. Sessions that come while another one compiles wait for it.
    Raises CalledProcessError when a package does not compile.
    """
    uv = shutil.which("uv")
    if uv is None:
        return []
    folder = cache / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    named = subprocess.run(
        [python, "-c", "import sys; print(sys.implementation.cache_tag)"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    variables = {**os.environ, "CFLAGS": "-O0 -g0", "PIP_CACHE_DIR": str(cache / "pip")}
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for requirement in wanted:
            stamp = folder / f"{named}-{requirement}.done"
            if not stamp.exists():
                command = [uv, "tool", "run", "--quiet", "--python", python, "pip", "wheel", "--quiet", "--no-deps"]
                subprocess.run([*command, "--wheel-dir", str(folder), requirement], check=True, env=variables)
                stamp.touch()
    return ["--find-links", str(folder)]
