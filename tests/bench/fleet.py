# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A mapping of any size."""

from __future__ import annotations

import typing as t
import uuid


def fleet(hypervisors: int, guests: int) -> dict[str, t.Any]:
    """Make a mapping of so many hypervisors in twenty clusters, with so many guests each."""
    return {
        "backend": "esx",
        "source": "vcenter.example.com",
        "collected_at": "2026-11-21T08:00:00Z",
        "hypervisors": [_hypervisor(number, guests) for number in range(hypervisors)],
    }


def _hypervisor(number: int, guests: int) -> dict[str, t.Any]:
    key = str(uuid.UUID(int=number + 1))
    cluster = f"cluster{number % 20}"
    return {
        "id": key,
        "uuid": key,
        "name": f"esx{number}.example.com",
        "cluster": cluster,
        "parent": f"domain-c{number % 20}",
        "facts": {
            "cpu.cpu_socket(s)": "2",
            "dmi.system.uuid": key,
            "hypervisor.cluster": cluster,
            "hypervisor.type": "VMware ESXi",
            "hypervisor.version": "8.0.2",
        },
        "guests": [
            {
                "uuid": str(uuid.UUID(int=(number + 1) * 10**6 + guest)),
                "name": f"vm{number}-{guest}",
                "state": "running",
            }
            for guest in range(guests)
        ],
    }
