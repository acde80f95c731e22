# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A check-in that runs in this process, and the mappings that it reports."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.checkin import CheckIn
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.options import CHECKIN
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer

USER = {"username": "admin", "password": "s3cret-of-admin"}


def guest(uuid: str, state: str = "running", **more: t.Any) -> dict[str, t.Any]:
    return {"uuid": uuid, "name": f"name of {uuid}", "state": state, **more}


def host(identifier: str, guests: t.Any = (), **more: t.Any) -> dict[str, t.Any]:
    """A hypervisor of a mapping; guests given as texts are running."""
    known = [guest(one) if isinstance(one, str) else one for one in guests] if guests is not None else None
    facts = {"hypervisor.type": "VMware ESXi", "cpu.cpu_socket(s)": "2"}
    return {"id": identifier, "name": f"{identifier}.example.com", "facts": facts, "guests": known, **more}


def mapping(*hosts: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    base = {"backend": "esx", "source": "vcenter.example.com", "collected_at": "2026-11-21T08:00:00Z"}
    return {**base, "hypervisors": list(hosts), **more}


class Reporter:
    """Runs the check-in as the module does, in this process, and keeps the warnings."""

    def __init__(self, server: CandlepinServer) -> None:
        self.server = server
        self.warnings: list[str] = []
        self.defaults: dict[str, t.Any] = {
            "server": server.url,
            "prefix": server.prefix,
            "ca_path": str(server.ca.path),
            "timeout": 10,
            "wait_timeout": 20,
            "owner": "acme",
            "reporter_id": "reporter-1",
            "proxy": "",
            **USER,
        }

    def __call__(self, *mappings: t.Any, check: bool = False, diff: bool = False, **options: t.Any) -> dict[str, t.Any]:
        given = {**self.defaults, "mappings": list(mappings), **options}
        values = CHECKIN.validate({name: value for name, value in given.items() if value is not None}, "the test")
        return CheckIn(values, self.warnings.append, check, diff).run()

    def fails(self, *mappings: t.Any, **options: t.Any) -> VirtmapError:
        """The error that it ends with."""
        with pytest.raises(VirtmapError) as caught:
            self(*mappings, **options)
        assert USER["password"] not in caught.value.message
        return caught.value

    def held(self, identifier: str) -> t.Any:
        """The consumer that the server holds for a hypervisor id."""
        return self.server.state.hypervisors_of("acme")[identifier]

    def guests_of(self, identifier: str) -> list[str]:
        return sorted(row.guest_id for row in self.held(identifier).guests)

    def posts(self) -> int:
        return len([entry for entry in self.server.log.find("POST") if "/hypervisors/" in entry.path])
