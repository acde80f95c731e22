# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""GUIDs: what virt-who reports, what the guest sees, and what stands for none."""

from __future__ import annotations

import uuid

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv import guid
from hypothesis import given
from hypothesis import strategies as st

RAW = "78563412-AB90-EFCD-1234-567890ABCDEF"
VIRT_WHO = "12345678-90AB-CDEF-1234-567890ABCDEF"


def test_the_order_of_virt_who_keeps_case_and_drops_braces() -> None:
    bare = guid.bare(f"{{{RAW}}}")
    assert bare == RAW
    assert guid.swapped(RAW) == VIRT_WHO
    assert guid.swapped(RAW.lower()) == VIRT_WHO.lower()


@given(st.uuids())
def test_swapping_is_what_uuid_calls_little_endian(value: uuid.UUID) -> None:
    text = str(value)
    assert guid.swapped(text) == str(uuid.UUID(bytes_le=value.bytes))
    assert guid.swapped(guid.swapped(text)) == text


@pytest.mark.parametrize(
    "generation, build, expected",
    [
        (1, 6001, VIRT_WHO),
        (1, 20348, VIRT_WHO),
        (1, None, VIRT_WHO),
        (2, 9600, VIRT_WHO),
        (2, 17762, VIRT_WHO),
        (2, 17763, RAW),
        (2, 26100, RAW),
        (2, None, None),
        (None, 20348, None),
    ],
)
def test_what_the_guest_sees(generation: int | None, build: int | None, expected: str | None) -> None:
    assert guid.seen_by_guest(RAW, generation, build) == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "  ",
        "{}",
        "Not Settable",
        f"{RAW}0",
        "{00000000-0000-0000-0000-000000000000}",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
    ],
)
def test_what_stands_for_none(text: str | None) -> None:
    assert guid.bare(text) is None


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    bare = guid.bare(text)
    assert bare is None or guid.is_guid(bare)
