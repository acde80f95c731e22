# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Typed parameters of libvirt as ctypes. Private to this collection.

The layout is that of ``struct _virTypedParameter``: a name of 80 characters, a type, and a union of 8 bytes.
"""

from __future__ import annotations

import ctypes
import typing as t

FIELD_LENGTH = 80
INT, UINT, LLONG, ULLONG, DOUBLE, BOOLEAN, STRING = range(1, 8)
UINT_MAX = 2**32 - 1

Value = t.Union[int, float, bool, str]


class _Union(ctypes.Union):
    _fields_: t.ClassVar = [
        ("i", ctypes.c_int),
        ("ui", ctypes.c_uint),
        ("l", ctypes.c_longlong),
        ("ul", ctypes.c_ulonglong),
        ("d", ctypes.c_double),
        ("b", ctypes.c_byte),
        ("s", ctypes.c_char_p),
    ]


class TypedParameter(ctypes.Structure):
    """One name, type and value; an array of them is how libvirt takes and gives sets of numbers."""

    _fields_: t.ClassVar = [("field", ctypes.c_char * FIELD_LENGTH), ("type", ctypes.c_int), ("value", _Union)]


TypedParameters = ctypes.POINTER(TypedParameter)


def _value(parameter: TypedParameter) -> Value:
    union = parameter.value
    if parameter.type == STRING:
        return bytes(union.s or b"").decode("utf-8", errors="replace")
    if parameter.type == BOOLEAN:
        return bool(union.b)
    numbers = {INT: union.i, UINT: union.ui, LLONG: union.l, ULLONG: union.ul, DOUBLE: union.d}
    return t.cast(Value, numbers[parameter.type])


def to_dict(parameters: t.Sequence[TypedParameter] | ctypes._Pointer[TypedParameter], count: int) -> dict[str, Value]:
    """The first ``count`` parameters as names and values; one of a type that this collection does not know is left out.

    Args:
        parameters: what libvirt gave; the values are copied, so it may be freed afterwards.
    """
    known = range(INT, STRING + 1)
    each = (parameters[index] for index in range(count))
    return {one.field.decode("ascii", errors="replace"): _value(one) for one in each if one.type in known}


def from_numbers(numbers: t.Mapping[str, int]) -> ctypes.Array[TypedParameter]:
    """Numbers as an array of unsigned integers, the only type that the admin API takes.

    Args:
        numbers: field name to value, 0 to 4294967295; the caller has checked the range, ctypes would cut silently.
    """
    array = (TypedParameter * len(numbers))()
    for parameter, (name, number) in zip(array, numbers.items()):
        parameter.field = name.encode("ascii")
        parameter.type = UINT
        parameter.value.ui = number
    return array
