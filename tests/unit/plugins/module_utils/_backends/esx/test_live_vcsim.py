# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Against govmomi's simulator, which nobody here wrote."""

from __future__ import annotations

import shutil
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import retrieve
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    CannotConnect,
    Denied,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState, Mapping
from ansible_collections.virtmap.core.tests.lab.vcsim import Simulator
from ansible_collections.virtmap.core.tests.servers._relay import Relay
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority

from .conftest import GOOD, Collector, placed

pytestmark = pytest.mark.skipif(
    shutil.which("go") is None, reason="the simulator is built with Debian's packages golang-go and govmomi"
)
SMALL = ("-clusters", "2", "-hosts", "2", "-vms", "5", "-standalone-hosts", "1", "-pages")


@pytest.fixture(scope="module")
def simulator() -> t.Iterator[Simulator]:
    """One that no test changes."""
    with Simulator(*SMALL) as found:
        yield found


def test_the_whole_inventory(simulator: Simulator, gather: Collector) -> None:
    simulator.forget_calls()
    mapping = gather(simulator.url)
    assert simulator.calls() == GOOD
    assert mapping.guest_count == 15
    assert mapping.skipped == []
    hosts = {host.name: host for host in mapping.hypervisors}
    assert len(hosts) == 5
    clustered, alone = hosts["DC0_C0_H0.example.com"], hosts["DC0_H0.example.com"]
    assert (clustered.cluster, clustered.extra["datacenter"]) == ("DC0_C0", "DC0")
    assert alone.cluster is None
    assert [guest.name for guest in sorted(alone.guests or (), key=lambda guest: guest.name or "")] == [
        f"DC0_H0_VM{number}" for number in range(5)
    ]
    assert clustered.facts == {
        "cpu.cpu_socket(s)": "2",
        "dmi.system.uuid": clustered.uuid,
        "hypervisor.cluster": "DC0_C0",
        "hypervisor.type": "VMware ESXi",
        "hypervisor.version": "6.5.0",
    }
    assert gather.warnings == []


@pytest.mark.parametrize("word", ["uuid", "hwuuid", "hostname"])
def test_ids(simulator: Simulator, gather: Collector, word: str) -> None:
    ids = {host.id for host in gather(simulator.url, hypervisor_id=word).hypervisors}
    assert len(ids) == 5
    if word == "hostname":
        assert "DC0_C1_H1.example.com" in ids
    if word == "hwuuid":
        assert all(found.startswith("host-") for found in ids)


def test_pages(simulator: Simulator, gather: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = placed(gather(simulator.url))
    simulator.forget_calls()
    monkeypatch.setattr(retrieve, "PAGE", 10)
    assert placed(gather(simulator.url)) == whole
    # 15 machines, 5 hosts, their clusters and compute resource, the datacenter and its folders, the root folder.
    assert simulator.calls().count("ContinueRetrievePropertiesEx") == 2
    with Simulator(*SMALL[:-1]) as plain:
        # Debian's simulator as it is sends everything at once.
        assert placed(gather(plain.url)) == whole
        assert "ContinueRetrievePropertiesEx" not in plain.calls()


def test_what_its_api_cannot_reach(gather: Collector) -> None:
    with Simulator(*SMALL) as simulator:
        simulator.act("move", vm="DC0_H0_VM0", host="DC0_C0_H0")
        simulator.act("power", vm="DC0_H0_VM1", state="suspended")
        simulator.act("template", vm="DC0_H0_VM2")
        simulator.act("orphan", vm="DC0_H0_VM3")
        simulator.act("remove", vm="DC0_H0_VM4")
        simulator.act("disconnect", host="DC0_C1_H0")
        mapping = gather(simulator.url)
        hosts = {host.name: host for host in mapping.hypervisors}
        states = {guest.name: guest.state for guest in hosts["DC0_H0.example.com"].guests or ()}
        assert states == {"DC0_H0_VM1": GuestState.PAUSED, "DC0_H0_VM2": GuestState.SHUT_OFF}
        assert "DC0_H0_VM0" in {guest.name for guest in hosts["DC0_C0_H0.example.com"].guests or ()}
        assert [(entry.kind, entry.name) for entry in mapping.skipped] == [("guest", "DC0_H0_VM3")]
        assert "orphaned" in mapping.skipped[0].reason
        # Disconnected, so its own name is gone, but the rest is there.
        away = hosts["DC0_C1_H0"]
        assert away.uuid
        assert away.facts["cpu.cpu_socket(s)"] == "2"
        assert away.extra["connection_state"] == "disconnected"
        assert [entry.name for entry in gather(simulator.url, include_templates=False).skipped] == [
            "DC0_H0_VM2",
            "DC0_H0_VM3",
        ]


def test_an_esxi(gather: Collector) -> None:
    with Simulator("-esx", "-vms", "3") as simulator:
        mapping = gather(simulator.url)
    assert [len(host.guests or ()) for host in mapping.hypervisors] == [3]
    assert mapping.hypervisors[0].cluster is None
    assert mapping.hypervisors[0].extra["datacenter"] is None


def test_tls_and_a_wrong_password(gather: Collector, tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    pair = authority.issue_server()
    with Simulator("-cert", str(pair.cert), "-key", str(pair.key), "-user", "u", "-password", "p") as simulator:
        trusted = {"ca_path": str(authority.path), "username": "u"}
        assert gather(simulator.url, **trusted, password="p").guest_count == 4
        with pytest.raises(Denied, match="InvalidLogin"):
            gather(simulator.url, **trusted, password="q")
        with pytest.raises(CannotConnect, match="is not trusted"):
            gather(simulator.url, username="u", password="p")


def test_it_is_killed_in_the_middle(gather: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieve, "PAGE", 10)
    with Simulator("-clusters", "1", "-hosts", "2", "-vms", "200", "-standalone-hosts", "0", "-pages") as simulator:
        host, _colon, port = simulator.address.rpartition(":")
        with Relay((host, int(port)), latency=0.02) as relay:
            found: list[Mapping | BaseException] = []

            def run() -> None:
                try:
                    found.append(gather(f"http://127.0.0.1:{relay.port}", timeout=5))
                except VirtmapError as error:
                    found.append(error)

            thread = threading.Thread(target=run)
            thread.start()
            while "ContinueRetrievePropertiesEx" not in simulator.calls() and thread.is_alive():
                thread.join(0.001)
            simulator.kill()
            thread.join(60)
    assert isinstance(found[0], CannotConnect), found
    assert "broke off" in found[0].message or "cannot be reached" in found[0].message
