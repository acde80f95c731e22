# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Scanning libvirt daemons and mappings."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    InvalidInput,
    MissingLibrary,
    NotFound,
    Partial,
)
from ansible_collections.virtmap.core.plugins.module_utils._scan import client, inventory_yaml
from ansible_collections.virtmap.core.plugins.module_utils._scan.client import scan
from ansible_collections.virtmap.core.tests.lab.libvirtd import write_node_file
from ansible_collections.virtmap.core.tests.servers._http.dead import refused_address, silent_address
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._scan.stores import NO_MACHINE, read


def run(uris: list[str] | None = None, **options: t.Any) -> dict[str, t.Any]:
    """Scan."""
    everything: dict[str, t.Any] = {
        "uris": uris,
        "mappings": None,
        "username": None,
        "password": None,
        "mode": "list",
        "store": None,
        "store_format": "inventory_yaml",
        "backup": False,
        "timeout": 20,
        **options,
    }
    return scan(everything, NO_MACHINE, check_mode=False, diff=False, warn=options.get("warn", lambda _text: None))


@pytest.fixture(name="nodes")
def nodes_fixture(tmp_path: Path) -> list[str]:
    """Two hypervisors of libvirt's test driver, with two and three guests."""
    return [
        f"{name}=test://{write_node_file(tmp_path / f'{name}.xml', guests=count)}"
        for name, count in (("hyp02", 2), ("hyp01", 3))
    ]


def test_hypervisors_come_in_the_given_order_and_guests_by_name(nodes: list[str]) -> None:
    result = run(nodes)
    assert result["changed"] is False
    assert [guest["hypervisor"] for guest in result["guests"]] == ["hyp02"] * 2 + ["hyp01"] * 3
    names = [guest["name"] for guest in result["guests"]]
    assert names[:2] == sorted(names[:2])
    assert names[2:] == sorted(names[2:])
    first = result["guests"][0]
    assert first["type"] == "test"
    assert first["memory"] > 0
    assert first["state"] == "running"
    assert result["table"].split()[:8] == ["type", "name", "hypervisor", "id", "cpu", "memory", "nic", "disk"]
    assert len(result["table"].splitlines()) == 6


@pytest.mark.parametrize("broken", [b"<domain>", b"<domain/>", b"<network><name>x</name></network>", b"<domain>\xff"])
def test_a_broken_definition_loses_its_guest_only(
    nodes: list[str], monkeypatch: pytest.MonkeyPatch, broken: bytes
) -> None:
    libvirt = pytest.importorskip("libvirt", reason="install the requirements of the unit tests")
    whole = libvirt.virDomain.XMLDesc
    first = run(nodes[:1])["guests"][0]["name"]
    monkeypatch.setattr(
        libvirt.virDomain,
        "XMLDesc",
        lambda self, flags: broken.decode() if self.name() == first else whole(self, flags),
    )
    warnings: list[str] = []
    result = run(nodes, warn=warnings.append)
    assert [guest["hypervisor"] for guest in result["guests"]] == ["hyp02", "hyp01", "hyp01"]
    assert [(entry["hypervisor"], entry["name"]) for entry in result["left_out"]] == [
        ("hyp02", first),
        ("hyp01", first),
    ]
    assert warnings[0] == f"the guest {first} of hyp02 was left out: {result['left_out'][0]['reason']}"


def test_the_host_of_xen_is_no_guest_and_states_come_with_one_call(
    nodes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    libvirt = pytest.importorskip("libvirt", reason="install the requirements of the unit tests")
    uuid = libvirt.virDomain.UUIDString
    monkeypatch.setattr(libvirt.virDomain, "state", lambda *_given: pytest.fail("a guest was asked by itself"))
    monkeypatch.setattr(
        libvirt.virDomain,
        "UUIDString",
        lambda self: "00000000-0000-0000-0000-000000000000" if self.name() == "guest-00000" else uuid(self),
    )
    result = run(nodes)
    assert [(guest["name"], guest["state"]) for guest in result["guests"]] == [
        ("guest-00001", "running"), ("guest-00001", "running"), ("guest-00002", "running"),
    ]  # fmt: skip


def test_a_hypervisor_without_a_name_calls_itself() -> None:
    (guest,) = run(["test:///default"])["guests"]
    assert guest["name"] == "test"
    assert guest["hypervisor"]
    assert guest["disks"] != []
    assert guest["cpu"] == 2


def test_a_hypervisor_that_does_not_answer_fails_the_task_after_the_others_were_written(
    nodes: list[str], tmp_path: Path
) -> None:
    began = time.monotonic()
    with refused_address() as (host, port), silent_address() as (_host, silent), pytest.raises(Partial) as caught:
        run(
            [f"dead=qemu+tcp://{host}:{port}/system", *nodes, f"mute=qemu+tcp://{host}:{silent}/system"],
            mode="write",
            store=str(tmp_path / "guests.yml"),
            timeout=2,
        )
    assert time.monotonic() - began < 3 * 2 + 10 + 10
    error = caught.value
    assert [entry["id"] for entry in error.result["failed_hosts"]] == ["dead", "mute"]
    assert error.message.startswith("2 of 4 hypervisors did not answer (dead: libvirt at qemu+tcp://127.0.0.1:")
    assert error.result["changed"] is True
    assert len(error.result["written"]) == len(read("inventory_yaml", tmp_path / "guests.yml"))


def test_guests_of_one_name_on_two_hypervisors(tmp_path: Path) -> None:
    warnings: list[str] = []
    uris = ["hyp01=test:///default", "hyp02=test:///default"]
    result = run(uris, mode="write", store=str(tmp_path / "store"), store_format="xcat_stanza", warn=warnings.append)
    assert result["written"] == [{"name": "test", "hypervisor": "hyp02"}]
    (conflict,) = result["conflicts"]
    assert (conflict["hypervisor"], conflict["existing"]) == ("hyp01", "hyp02")
    assert warnings == [f"the guest test on hyp01 was not written: {conflict['reason']}"]


@pytest.mark.parametrize(
    "uris, says",
    [
        (["nonsense"], "uri is no libvirt URI"),
        (["=test:///default"], "begins with ="),
        (["a=test:///default", "a=test:///x"], "two of uris are of the hypervisor a"),
        (["qemu+tls://kvm1/system", "kvm1=test:///default"], "two of uris are of the hypervisor kvm1"),
        (["qemu+tcp://u:secret@kvm1/system"], "uri must not hold a password"),
        (["test:///default", "test:///default"], "lead to the hypervisor"),
    ],
)
def test_uris_that_are_refused(uris: list[str], says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        run(uris)
    assert says in caught.value.message
    assert "secret" not in caught.value.message


def test_a_store_is_asked_for() -> None:
    with pytest.raises(InvalidInput, match="mode write needs a store"):
        run(["test:///default"], mode="write")


@pytest.mark.parametrize(
    "store_format, error, says",
    [("inventory_yaml", MissingLibrary, "ruamel.yaml"), ("xcat", NotFound, "xCAT's command lsdef is not on this host")],
)
def test_what_the_store_needs_is_looked_for_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store_format: str, error: type[Exception], says: str
) -> None:
    monkeypatch.setattr(inventory_yaml, "RUAMEL_ERROR", "not here")
    monkeypatch.setattr(client, "scan_libvirt", lambda *_targets, **_options: pytest.fail("it was asked"))
    with pytest.raises(error, match=says):
        run(["test:///default"], mode="write", store=str(tmp_path / "store"), store_format=store_format)


def mapping(**hypervisors: t.Any) -> dict[str, t.Any]:
    return {
        "backend": "esx",
        "source": "vc.example.com",
        "collected_at": "2026-11-21T08:00:00Z",
        "hypervisors": [{"id": f"id-{name}", "name": name, "guests": guests} for name, guests in hypervisors.items()],
    }


def test_mappings(tmp_path: Path) -> None:
    web1 = {"uuid": "564dae86-b20b-0214-0203-dc50d3be0ec2", "name": "web1", "state": "shut_off"}
    nameless = {"uuid": "564dae86-b20b-0214-0203-dc50d3be0ec3", "name": None, "state": "running"}
    store = tmp_path / "store"
    options: dict[str, t.Any] = {"mode": "write", "store": str(store), "store_format": "xcat_stanza"}
    result = run(mappings=[mapping(esx1=[web1, nameless])], **options)
    assert result["written"] == [{"name": "web1", "hypervisor": "esx1"}]
    assert result["conflicts"][0]["name"] == nameless["uuid"]
    assert result["guests"][1]["type"] == "esx"
    assert result["guests"][1]["nics"] is None
    assert read("xcat_stanza", store)["web1"]["mgt"] == "esx"
    with pytest.raises(Partial) as caught:
        run(mappings=[mapping(esx1=[web1], esx2=None)], **options)
    assert caught.value.result["unchanged"] == [{"name": "web1", "hypervisor": "esx1"}]
    assert caught.value.result["failed_hosts"][0]["id"] == "esx2"
    with pytest.raises(InvalidInput, match="hypervisors is missing or null"):
        run(mappings=[{**mapping(), "hypervisors": None}], **options)
