# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading the registrations that virt-who has saved. Private to this collection.

virt-who keeps the answer of the registration as a pickle. A pickle is a program that can call anything; this reader
takes no names at all, which leaves plain data.
"""

from __future__ import annotations

import io
import pickle
import typing as t

# A registration has a few thousand bytes.
LARGEST = 1024 * 1024
# What unpickling raises for bytes that are no pickle, or half of one.
_DAMAGED = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    MemoryError,
)


class _PlainUnpickler(pickle.Unpickler):
    """Refuses everything that is not plain data (numbers, texts, lists, dictionaries)."""

    def find_class(self, module: str, name: str) -> t.NoReturn:
        raise pickle.UnpicklingError(f"it wants to use {module}.{name}")

    def persistent_load(self, pid: t.Any) -> t.NoReturn:
        raise pickle.UnpicklingError("it refers to an object outside")


def read_system_id(data: bytes) -> str:
    """The system id in a registration that virt-who saved.

    Raises:
        ValueError: the file is damaged, holds more than plain data, or no system id; the text completes "it cannot be
            used: ".
    """
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} bytes")
    try:
        # virt-who on Python 2 wrote byte strings, which this encoding makes texts of.
        content = _PlainUnpickler(io.BytesIO(data), encoding="utf-8").load()
    except _DAMAGED as exc:
        raise ValueError(str(exc) or type(exc).__name__) from exc
    system_id = content.get("system_id") if isinstance(content, dict) else None
    if not isinstance(system_id, str) or not system_id.strip():
        raise ValueError("it holds no system id")
    return system_id
