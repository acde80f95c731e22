# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A disk with hardly any room, for this process and those that it starts."""

from __future__ import annotations

import contextlib
import resource
import typing as t


@contextlib.contextmanager
def full_disk(room: int) -> t.Iterator[None]:
    """Let writing fail in the middle: no file can be longer than ``room`` bytes.

    The kernel refuses it with an error, as it does for a full disk; Python ignores the signal that goes with it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
