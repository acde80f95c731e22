# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""GUIDs as Windows writes them, and as guests and virt-who see them. Private to this collection; pure."""

from __future__ import annotations

import re

# From this build of vmms.exe on (Windows Server 2019) a guest of generation 2 sees its GUID as Hyper-V writes it.
UNSWAPPED_FROM = 17763
_GUID = re.compile(r"\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?", re.IGNORECASE)
# What firmware tells that has no uuid of its own; the last one is a vendor's, in both orders of its bytes.
_NONE = frozenset(
    {
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
    }
)


def is_guid(text: str | None) -> bool:
    """Whether it is a GUID, with or without braces."""
    return bool(text) and _GUID.fullmatch(str(text)) is not None


def bare(text: str | None) -> str | None:
    """A GUID without braces; None for what is none, or stands for none."""
    plain = (text or "").strip().strip("{}")
    return plain if is_guid(plain) and plain.lower() not in _NONE else None


def swapped(guid: str) -> str:
    """A bare GUID with the bytes of its first three groups in reverse, as virt-who reports it; case is kept."""
    g = guid
    return f"{g[6:8]}{g[4:6]}{g[2:4]}{g[0:2]}-{g[11:13]}{g[9:11]}-{g[16:18]}{g[14:16]}{g[18:]}"


def seen_by_guest(guid: str, generation: int | None, build: int | None) -> str | None:
    """The uuid in the SMBIOS of a guest, which dmidecode shows there.

    Args:
        guid: BIOSGUID without braces.
        generation: of the machine; None when it is not told.
        build: of vmms.exe; None when it is not told.

    Returns:
        None when what was told does not decide it.
    """
    if generation == 1:
        return swapped(guid)
    if generation is None or build is None:
        return None
    return guid if build >= UNSWAPPED_FROM else swapped(guid)
