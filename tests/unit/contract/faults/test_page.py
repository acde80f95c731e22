# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The page of faults: what is written can be read again, and nothing of one run stands in it."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.tests.unit.contract.faults import page


def test_what_is_written_is_read() -> None:
    said = {
        ("esx", "cut_off", "SERVER broke off"),
        ("ahv-v4", "cut_off", "SERVER broke off"),
        ("ahv-v4", "401", "SERVER refused, as *somebody* said: 'no'"),
        ("vdsm", "cut_off", "SERVER broke off too"),
    }
    assert page.read(page.render(said)) == said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the vCenter 127.0.0.1:PORT broke off (why (really)); try again", "SERVER broke off (...); try again"),
        ("the oVirt engine 127.0.0.1:PORT failed at GET /a/b?c=d with 500", "SERVER failed at ... with 500"),
        ("cannot reach 127.0.0.1:PORT: refused", "cannot reach SERVER: refused"),
        ("the certificate of the host 127.0.0.1:PORT is bad", "SERVER is bad"),
    ],
)
def test_what_differs_between_servers_is_left_out(text: str, expected: str) -> None:
    assert page.simplified(text) == expected


def test_every_backend_with_a_service_is_on_the_page() -> None:
    labels = {label.split("-")[0] for label, _fault, _text in page.read(page.PAGE.read_text(encoding="utf-8"))}
    assert labels >= {"ahv", "esx", "hyperv", "kubevirt", "ovirt", "vdsm", "xenserver"}
