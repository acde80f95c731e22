# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Pack the agent as one archive, the same byte for byte each time: ``python3 pack.py < CONFIGURATION``.

A task in a guest takes seconds, and copying a folder takes several for each file. Prints where the archive is.
"""

from __future__ import annotations

import io
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Where what is beside this file goes.
PLACES = {"etc": "etc", "virtmap_guest_agent": "usr/local/lib/virtmap-guest-agent/virtmap_guest_agent"}
FOLDERS = ("usr/local/lib/virtmap-guest-agent", PLACES["virtmap_guest_agent"])
CONFIGURATION = "etc/ovirt-guest-agent.conf"
MOMENT = 1_700_000_000


def pack(configuration: bytes) -> str:
    """Write the archive: files and the folders of the program, of root, which all may read whatever root's umask is.

    Nothing is in it about the other folders, which stay as they are.

    Args:
        configuration: what the agent reads at its start.

    Returns:
        the path of the archive, which the caller removes.
    """
    found = {
        f"{place}/{path.relative_to(HERE / folder)}": path.read_bytes()
        for folder, place in PLACES.items()
        for path in (HERE / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found[CONFIGURATION] = configuration
    with tempfile.NamedTemporaryFile(prefix="virtmap-guest-agent-", suffix=".tar", delete=False) as target:
        with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name in FOLDERS:
                entry = tarfile.TarInfo(name)
                entry.type, entry.mtime, entry.mode = tarfile.DIRTYPE, MOMENT, 0o755
                archive.addfile(entry)
            for name, content in sorted(found.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime, entry.mode = len(content), MOMENT, 0o644
                archive.addfile(entry, io.BytesIO(content))
        return target.name


if __name__ == "__main__":
    sys.stdout.write(pack(sys.stdin.buffer.read()))
