# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Pack the agent as one archive, the same byte for byte each time: ``python3 pack.py ARCHIVE``.

A task in a guest takes seconds, and copying a folder takes several for each file.
"""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Where what is beside this file goes.
PLACES = {"etc": "etc", "virtmap_guest_agent": "usr/local/lib/virtmap-guest-agent/virtmap_guest_agent"}
MOMENT = 1_700_000_000


def pack(target: str) -> None:
    """Write the archive: files of root that all may read, nothing about folders, which stay as they are."""
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        for folder, place in sorted(PLACES.items()):
            for path in sorted((HERE / folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    entry = tarfile.TarInfo(f"{place}/{path.relative_to(HERE / folder)}")
                    entry.size, entry.mtime, entry.mode = path.stat().st_size, MOMENT, 0o644
                    with path.open("rb") as content:
                        archive.addfile(entry, content)


if __name__ == "__main__":
    pack(sys.argv[1])
