# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Typed parameters."""

from __future__ import annotations

import ctypes

from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon import params


def typed(name: str, kind: int, member: str, value: object) -> params.TypedParameter:
    parameter = params.TypedParameter(field=name.encode(), type=kind)
    setattr(parameter.value, member, value)
    return parameter


def test_the_layout_is_that_of_the_c_structure() -> None:
    assert ctypes.sizeof(params.TypedParameter) == 96
    assert (params.TypedParameter.type.offset, params.TypedParameter.value.offset) == (80, 88)


def test_each_type_is_read_from_its_own_member_of_the_union() -> None:
    array = (params.TypedParameter * 8)(
        typed("int", params.INT, "i", -5),
        typed("uint", params.UINT, "ui", 4294967295),
        typed("llong", params.LLONG, "l", -(2**60)),
        typed("ullong", params.ULLONG, "ul", 2**64 - 1),
        typed("double", params.DOUBLE, "d", 1.5),
        typed("boolean", params.BOOLEAN, "b", 1),
        typed("string", params.STRING, "s", "Jürgen".encode()),
        typed("of the future", 8, "i", 1),
    )
    values = params.to_dict(array, 8)
    assert values == {
        "int": -5,
        "uint": 4294967295,
        "llong": -(2**60),
        "ullong": 2**64 - 1,
        "double": 1.5,
        "boolean": True,
        "string": "Jürgen",
    }
    assert values["boolean"] is True


def test_text_that_is_no_utf8_is_read_all_the_same() -> None:
    array = (params.TypedParameter * 1)(typed("s", params.STRING, "s", b"a\xffb"))
    assert params.to_dict(array, 1) == {"s": "a\ufffdb"}


def test_numbers_become_unsigned_parameters() -> None:
    array = params.from_numbers({"minWorkers": 0, "maxWorkers": params.UINT_MAX})
    assert [(one.field, one.type) for one in array] == [(b"minWorkers", params.UINT), (b"maxWorkers", params.UINT)]
    assert params.to_dict(array, len(array)) == {"minWorkers": 0, "maxWorkers": params.UINT_MAX}
