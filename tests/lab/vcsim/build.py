# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Build the simulator once and keep it: ``python3 tests/lab/vcsim/build.py`` prints where it is.

Needs Debian's packages golang-go and golang-github-vmware-govmomi-dev, and no network. Takes about 25 seconds the
first time. The program is kept in ``.cache/vcsim`` of the checkout, which all copies below ``.cache/tree`` share.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
LIBRARY = Path("/usr/share/gocode")
GOVMOMI = LIBRARY / "src/github.com/vmware/govmomi/simulator"


class NotBuilt(Exception):
    """The simulator cannot be built here; the message says why."""


def cache_folder() -> Path:
    """Where the program is kept: in the ``.cache`` that this tree lies in, else in the one of this checkout."""
    outer = [parent for parent in SOURCES.parents if parent.name == ".cache"]
    return (outer[-1] if outer else SOURCES.parents[2] / ".cache") / "vcsim"


def binary() -> Path:
    """Build the simulator unless it is there already, and return its path. Safe to call from several processes."""
    sources = sorted(SOURCES.glob("*.go"))
    fingerprint = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    folder = cache_folder()
    program = folder / f"vcsim-{fingerprint}"
    if program.exists():
        return program
    if shutil.which("go") is None or not GOVMOMI.is_dir():
        raise NotBuilt("vcsim needs Debian's packages golang-go and golang-github-vmware-govmomi-dev")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _build(sources, program)
    return program


def _build(sources: list[Path], program: Path) -> None:
    with tempfile.TemporaryDirectory(dir=program.parent) as name:
        home = Path(name)
        package = home / "src" / "vcsim"
        package.mkdir(parents=True)
        for source in sources:
            shutil.copy(source, package)
        environment = {
            **os.environ,
            "HOME": name,
            "GO111MODULE": "off",
            "GOPATH": f"{home}:{LIBRARY}",
            "GOCACHE": str(home / "cache"),
            "GOFLAGS": "",
            # As Debian's own build of Go's library, which is then taken as it is instead of being compiled again.
            "CGO_ENABLED": "1",
        }
        draft = home / "vcsim"
        # Without -s and -w the linker takes longer for what nobody debugs.
        command = ["go", "build", "-ldflags", "-s -w", "-o", str(draft), "vcsim"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotBuilt(f"go build failed: {done.stderr[-2000:]}")
        draft.replace(program)


if __name__ == "__main__":
    try:
        print(binary())
    except NotBuilt as reason:
        sys.exit(str(reason))
