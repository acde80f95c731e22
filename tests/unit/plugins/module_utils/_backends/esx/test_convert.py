# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.guests import guest_uuid
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState
from ansible_collections.virtmap.core.tests.servers.vcenter import Enum, VCenterServer, esxi

from .conftest import Collector, Lab, placed

PRINTED = "78563412-ab90-efcd-1234-567890abcdef"
SEEN = "12345678-90ab-cdef-1234-567890abcdef"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("vmx-12", PRINTED),
        ("vmx-13", SEEN),
        ("vmx-21", SEEN),
        ("vmx-07", PRINTED),
        ("vmx-100", SEEN),
        ("", PRINTED),
        ("vmx-", PRINTED),
        ("vmx-13a", PRINTED),
        ("VMX-13", PRINTED),
        ("13", PRINTED),
    ],
)
def test_bytes_are_swapped_from_hardware_version_13_on(version: str, expected: str) -> None:
    assert guest_uuid(PRINTED, version) == expected


def test_swapping_twice_gives_the_uuid_back() -> None:
    assert guest_uuid(guest_uuid(PRINTED, "vmx-13"), "vmx-13") == PRINTED


@pytest.mark.parametrize("odd", ["not-a-uuid", "78563412-ab90-efcd-1234", "", "zz563412-ab90-efcd-1234-567890abcdef"])
def test_what_is_no_uuid_is_left_alone(odd: str) -> None:
    assert guest_uuid(odd, "vmx-19") == odd


def test_the_order_of_bytes_is_an_option(lab: Lab, gather: Collector) -> None:
    lab.inventory.set(lab.machines["web2"], {"config.uuid": PRINTED})
    with VCenterServer(lab.inventory) as server:
        for order, expected in (("guest", SEEN), ("vcenter", PRINTED)):
            mapping = gather(server, uuid_order=order)
            assert expected in {guest.uuid for host in mapping.hypervisors for guest in host.guests or ()}


def test_what_is_told_of_hosts(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
    hosts = {host.name: host for host in mapping.hypervisors}
    esx1, alone = hosts["esx1.example.com"], hosts["alone.example.com"]
    uuid = lab.inventory.entities[lab.esx1].properties["hardware.systemInfo.uuid"]
    assert (esx1.id, esx1.uuid, esx1.cluster, esx1.parent) == (uuid, uuid, "Blue", lab.cluster.id)
    assert esx1.extra == {"connection_state": "connected", "datacenter": "Berlin"}
    assert esx1.facts == {
        "cpu.cpu_socket(s)": "2",
        "dmi.system.uuid": uuid,
        "hypervisor.cluster": "Blue",
        "hypervisor.type": "VMware ESXi",
        "hypervisor.version": "8.0.2",
    }
    # A compute resource is not a cluster, although it is the parent.
    assert alone.cluster is None
    assert alone.parent == lab.inventory.entities[lab.alone].properties["parent"].id  # type: ignore[union-attr]
    assert "hypervisor.cluster" not in alone.facts
    assert placed(mapping) == {
        "alone.example.com": ["old1"],
        "esx1.example.com": ["db1", "web1"],
        "esx2.example.com": ["web2"],
    }
    assert gather.warnings == []


def test_encoded_names_are_decoded_everywhere(lab: Lab, gather: Collector) -> None:
    lab.inventory.set(lab.cluster, {"name": "Blue%2fGreen 100%25"})
    lab.inventory.set(lab.machines["web1"], {"name": "a%5cb ü '\"<&>"})
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server, filter_host_parents=["blue/green 100%"])
    assert {host.cluster for host in mapping.hypervisors} == {"Blue/Green 100%"}
    assert placed(mapping)["esx1.example.com"] == ["a\\b ü '\"<&>", "db1"]


def test_a_disconnected_host_is_read_from_the_copies_of_vcenter(lab: Lab, gather: Collector) -> None:
    lab.inventory.disconnect(lab.esx1)
    with VCenterServer(lab.inventory) as server:
        before = gather(server).hypervisors
        by_name = gather(server, hypervisor_id="hostname")
    esx1 = next(host for host in before if host.name == "esx1.example.com")
    assert esx1.uuid == lab.inventory.entities[lab.esx1].properties["summary.hardware.uuid"]
    assert esx1.facts["cpu.cpu_socket(s)"] == "2"
    assert esx1.facts["hypervisor.version"] == "8.0.2"
    assert esx1.extra["connection_state"] == "disconnected"
    assert len(esx1.guests or ()) == 2
    # Its own name is gone, but in vCenter it stands under a full name.
    assert "esx1.example.com" in {host.id for host in by_name.hypervisors}
    assert [warning for warning in gather.warnings if "1 hosts are disconnected" in warning]


@pytest.mark.parametrize("name", ["192.0.2.7", "2001:db8::7", "esx9"])
def test_an_address_or_short_name_in_vcenter_is_no_host_name(lab: Lab, gather: Collector, name: str) -> None:
    lab.inventory.disconnect(lab.esx1)
    lab.inventory.set(lab.esx1, {"name": name})
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server, hypervisor_id="hostname")
    assert [(entry.kind, entry.name) for entry in mapping.skipped] == [("host", name)]
    assert mapping.skipped[0].reason == "no hostname: the host is disconnected; its 2 guests are not reported"


def test_a_host_name_has_its_domain_when_there_is_one(lab: Lab, gather: Collector) -> None:
    lab.inventory.set(lab.esx1, {"config.network.dnsConfig.domainName": ""})
    lab.inventory.set(lab.esx2, {"config.network.dnsConfig.domainName": None})
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server, hypervisor_id="hostname")
    assert {host.id for host in mapping.hypervisors} == {"esx1", "esx2", "alone.example.com"}


def test_hosts_without_a_uuid_are_named_with_what_is_lost(lab: Lab, gather: Collector) -> None:
    for path in ("hardware.systemInfo.uuid", "summary.hardware.uuid"):
        lab.inventory.set(lab.esx1, {path: None})
        lab.inventory.set(lab.esx2, {path: "00000000-0000-0000-0000-000000000000"})
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
        other = gather(server, hypervisor_id="hwuuid")
    reasons = {entry.name: entry.reason for entry in mapping.skipped}
    assert reasons == {
        "esx1.example.com": "no uuid: the host does not tell hardware.systemInfo.uuid; its 2 guests are not reported",
        "esx2.example.com": "no uuid: its hardware tells 00000000-0000-0000-0000-000000000000, which is none; "
        "its 1 guests are not reported",
    }
    assert placed(mapping) == {"alone.example.com": ["old1"]}
    # Under another id they are reported, without a uuid of their own.
    assert {host.id for host in other.hypervisors} == {lab.esx1.id, lab.esx2.id, lab.alone.id}
    assert "dmi.system.uuid" not in next(host for host in other.hypervisors if host.id == lab.esx1.id).facts


def test_a_fact_that_is_not_told_is_absent(lab: Lab, gather: Collector) -> None:
    paths = [path for path in lab.inventory.entities[lab.esx1].properties if "numCpu" in path or "product" in path]
    lab.inventory.set(lab.esx1, dict.fromkeys(paths))
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
    esx1 = next(host for host in mapping.hypervisors if host.name == "esx1.example.com")
    # The type falls back to virt-who's word, which is true of every host here.
    assert esx1.facts.keys() == {"dmi.system.uuid", "hypervisor.cluster", "hypervisor.type"}
    assert esx1.facts["hypervisor.type"] == "vmware"


def test_machines_without_a_config_are_skipped_with_their_state(lab: Lab, gather: Collector) -> None:
    config = {"config.uuid": None, "config.version": None, "config.template": None}
    for name, state in (("web1", "orphaned"), ("web2", "inaccessible"), ("db1", "invalid")):
        connection = Enum("VirtualMachineConnectionState", state)
        lab.inventory.set(lab.machines[name], {**config, "runtime.connectionState": connection})
    lab.inventory.set(lab.machines["old1"], {"config.uuid": "  "})
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
    assert {entry.name: entry.reason for entry in mapping.skipped} == {
        "web1": "no uuid: the machine has no config, its connection state is orphaned",
        "web2": "no uuid: the machine has no config, its connection state is inaccessible",
        "db1": "no uuid: the machine has no config, its connection state is invalid",
        "old1": "no uuid: config.uuid is blank",
    }
    assert [host.guests for host in mapping.hypervisors] == [[], [], []]


def test_machines_without_a_host_are_unplaced(lab: Lab, gather: Collector) -> None:
    off = Enum("VirtualMachinePowerState", "poweredOff")
    lab.inventory.set(lab.machines["web1"], {"runtime.host": None, "runtime.powerState": off})
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
    assert [(guest.name, guest.state) for guest in mapping.unplaced] == [("web1", GuestState.SHUT_OFF)]
    assert mapping.guest_count == 3


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("poweredOn", GuestState.RUNNING),
        ("suspended", GuestState.PAUSED),
        ("poweredOff", GuestState.SHUT_OFF),
        ("somethingNew", GuestState.UNKNOWN),
        (None, GuestState.UNKNOWN),
    ],
)
def test_power_states_are_those_of_virt_who(lab: Lab, gather: Collector, word: str | None, state: GuestState) -> None:
    value = Enum("VirtualMachinePowerState", word) if word else None
    lab.inventory.set(lab.machines["web2"], {"runtime.powerState": value})
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
    esx2 = next(host for host in mapping.hypervisors if host.name == "esx2.example.com")
    assert [guest.state for guest in esx2.guests or ()] == [state]


def test_templates_and_vcls_count_as_guests_unless_told_otherwise(lab: Lab, gather: Collector) -> None:
    lab.inventory.set(lab.machines["db1"], {"config.template": True})
    managed = {"config__managedBy__extensionKey": "com.vmware.vim.eam"}
    lab.inventory.add_machine("vCLS-4c4c4544", lab.esx2, **managed)  # type: ignore[arg-type]
    lab.inventory.add_machine("vCLS-named-by-a-user", lab.esx2)
    lab.inventory.add_machine("agent", lab.esx2, **managed)  # type: ignore[arg-type]
    with VCenterServer(lab.inventory) as server:
        everything = placed(gather(server))
        mapping = gather(server, include_templates=False, include_vcls=False)
    assert everything["esx1.example.com"] == ["db1", "web1"]
    assert everything["esx2.example.com"] == ["agent", "vCLS-4c4c4544", "vCLS-named-by-a-user", "web2"]
    assert placed(mapping)["esx1.example.com"] == ["web1"]
    assert placed(mapping)["esx2.example.com"] == ["agent", "vCLS-named-by-a-user", "web2"]
    assert [entry.name for entry in mapping.skipped] == ["db1", "vCLS-4c4c4544"]


def test_more_is_asked_for_only_when_it_is_needed(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        gather(server)
        assert not [entry for entry in server.log.find() if b"config.template" in entry.body]
        gather(server, include_templates=False)
        assert [entry for entry in server.log.find() if b"config.template" in entry.body]


def test_machines_with_one_uuid_are_both_listed_and_told(lab: Lab, gather: Collector) -> None:
    uuid = lab.inventory.entities[lab.machines["web1"]].properties["config.uuid"]
    lab.inventory.set(lab.machines["web2"], {"config.uuid": uuid})
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
    assert mapping.guest_count == 4
    assert [warning for warning in gather.warnings if "is seen on 2 hypervisors" in warning]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["Blue"], 2),
        (["bl?e"], 2),
        (["{cluster}"], 2),
        (["ClusterComputeResource-{cluster}"], 2),
        (["ComputeResource-{cluster}"], 2),
        (["domain-c"], 0),
        (["lue"], 0),
        (["C*"], 0),
        (["domain-*"], 3),
        (["alone.example.com"], 1),
    ],
)
def test_parents_match_by_name_or_id(lab: Lab, gather: Collector, patterns: list[str], expected: int) -> None:
    patterns = [pattern.format(cluster=lab.cluster.id) for pattern in patterns]
    with VCenterServer(lab.inventory) as server:
        assert len(gather(server, filter_host_parents=patterns).hypervisors) == expected
        assert len(gather(server, exclude_host_parents=patterns).hypervisors) == 3 - expected


def test_typed_ids_of_parents_may_be_regular_expressions(lab: Lab, gather: Collector) -> None:
    pattern = rf"^ClusterComputeResource-{lab.cluster.id}$"
    with VCenterServer(lab.inventory) as server:
        assert len(gather(server, filter_type="regex", filter_host_parents=[pattern]).hypervisors) == 2


def test_an_esxi_alone(gather: Collector) -> None:
    inventory, host = esxi("esx1.example.com")
    inventory.add_machine("web1", host)
    with VCenterServer(inventory, api_type="HostAgent") as server:
        mapping = gather(server)
        assert placed(mapping) == {"esx1.example.com": ["web1"]}
        assert mapping.hypervisors[0].cluster is None
        assert mapping.hypervisors[0].extra["datacenter"] is None
        assert mapping.hypervisors[0].parent == "ha-compute-res"
        assert gather.warnings == []
        assert [found.id for found in gather(server, hypervisor_id="hwuuid").hypervisors] == ["ha-host"]
    assert ["hwuuid of every ESXi" in warning for warning in gather.warnings] == [True]


def test_an_esxi_that_a_vcenter_manages_too_is_told(gather: Collector) -> None:
    inventory, host = esxi()
    inventory.set(host, {"summary.managementServerIp": "192.0.2.5"})
    with VCenterServer(inventory, api_type="HostAgent") as server:
        gather(server)
    assert ["managed by the vCenter 192.0.2.5" in warning for warning in gather.warnings] == [True]


def test_datacenters_in_folders_are_found(lab: Lab, gather: Collector) -> None:
    region = lab.inventory.add_folder("Europe")
    _datacenter, folder = lab.inventory.add_datacenter("Paris", region)
    inner = lab.inventory.add_folder("racks", folder)
    lab.inventory.add_host("esx7.example.com", lab.inventory.add_cluster("Rouge", inner))
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
    found = {host.name: host.extra["datacenter"] for host in mapping.hypervisors}
    assert found["esx7.example.com"] == "Paris"
    assert found["esx1.example.com"] == "Berlin"
    assert gather.warnings == []


def test_a_tree_that_bites_its_tail_ends(lab: Lab, gather: Collector) -> None:
    lab.inventory.entities[lab.folder].properties["parent"] = lab.cluster
    objects = {lab.esx1: None, lab.esx2: None, lab.alone: None}
    from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
    from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.convert import convert
    from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.guests import Wishes
    from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.properties import Objects

    read = Objects()
    for ref, entity in lab.inventory.entities.items():
        texts = {path: getattr(value, "id", str(value)) for path, value in entity.properties.items()}
        read.put(vim.Reference(ref.type, ref.id), texts, {})
    found = convert(read, Wishes(), lab.inventory.root.id, root_hidden=False, esxi=False)
    assert len(found.hosts) == len(objects)
    assert "cannot see what is above 3 hosts" in found.notes[0]
