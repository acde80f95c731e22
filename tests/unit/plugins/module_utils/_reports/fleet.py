# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A fleet with all that a report shows, hostile names among them."""

from __future__ import annotations

import typing as t

HOSTILE = "</script><img src=x onerror=document.title='owned'><!--\"'&\u2028{{ 7*7 }}"
FORMULA_NAME = "=HYPERLINK(1)"


def fleet(hypervisors: int = 3, guests: int = 4, collected_at: str = "2999-01-01T00:00:00Z") -> dict[str, t.Any]:
    return {
        "backend": "esx",
        "source": "vc.example.com",
        "collected_at": collected_at,
        "hypervisors": [
            {
                "id": f"id-{number}",
                "name": f"esx{number}.example.com",
                "cluster": "Blue" if number % 2 else HOSTILE,
                "facts": {"cpu.cpu_socket(s)": str(number + 1), "hypervisor.type": "VMware ESXi"},
                "guests": [
                    {"uuid": f"u-{number}-{index}", "name": f"web{number}-{index}", "state": "running"}
                    for index in range(guests)
                ],
            }
            for number in range(hypervisors)
        ],
        "skipped": [{"kind": "host", "name": HOSTILE, "reason": "no hardware uuid"}],
        "unplaced": [{"uuid": "u-off", "name": FORMULA_NAME, "state": "shut_off"}],
    }


OPTIONS: dict[str, t.Any] = {
    "changes": [],
    "silent": [],
    "missing": [],
    "stale_hours": 26,
    "title": HOSTILE,
    "licence_guests": [],
    "licence_pair_price": None,
    "licence_guest_price": None,
}
