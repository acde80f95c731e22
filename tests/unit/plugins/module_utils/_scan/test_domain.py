# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Definitions of guests as libvirt writes them, and the table."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._scan.domain import parse_domain
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import Disk, Nic, ScannedGuest, smbios_order
from ansible_collections.virtmap.core.plugins.module_utils._scan.table import render

WHOLE = """
<domain type='kvm' id='41'>
  <name>kvm1</name>
  <uuid>21111111-2222-3333-4444-555555555555</uuid>
  <memory unit='KiB'>2097152</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static' current='1'>2</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'><source file='/v/a,b.img'/><target dev='vda' bus='virtio'/></disk>
    <disk type='block' device='disk'><source dev='/dev/vg/x'/><target dev='vdb'/></disk>
    <disk type='volume' device='disk'><source pool='p' volume='v'/><target dev='vdc'/></disk>
    <disk type='network' device='disk'><source protocol='rbd' name='pool/image'/><target dev='vdd'/></disk>
    <disk type='file' device='cdrom'><target dev='hda'/></disk>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:01'/><source bridge='br0'/><model type='virtio'/>
    </interface>
    <interface type='bridge'><mac address='52:54:00:00:00:02'/><source bridge='br1'/></interface>
    <interface type='network'><mac address='52:54:00:00:00:03'/><source network='n' bridge='virbr0'/></interface>
    <interface type='direct'><source dev='eth0' mode='bridge'/></interface>
    <interface type='user'/>
  </devices>
</domain>
"""


def test_a_whole_definition() -> None:
    found = parse_domain(WHOLE, "hyp01", "running")
    assert found == ScannedGuest(
        type="kvm",
        name="kvm1",
        hypervisor="hyp01",
        id="41",
        cpu=2,
        memory=2048,
        nics=(
            Nic("bridge", "br0", "52:54:00:00:00:01", "virtio"),
            Nic("bridge", "br1", "52:54:00:00:00:02"),
            Nic("network", "virbr0", "52:54:00:00:00:03"),
            Nic("direct", "eth0"),
            Nic("user"),
        ),
        disks=(
            Disk("disk", "file", "/v/a,b.img", "vda"),
            Disk("disk", "block", "/dev/vg/x", "vdb"),
            Disk("disk", "volume", "v", "vdc"),
            Disk("disk", "network", "pool/image", "vdd"),
            Disk("cdrom", "file", None, "hda"),
        ),
        uuid="21111111-2222-3333-4444-555555555555",
        arch="x86_64",
        state="running",
        xml=WHOLE,
    )
    assert found.attributes() == {
        "vmhost": "hyp01",
        "vmcpus": "2",
        "vmmemory": "2048",
        "vmnics": "br0,br1",
        "vmnicnicmodel": "virtio",
        "mac": "52:54:00:00:00:01,52:54:00:00:00:02",
        "vmstorage": "/v/a,b.img,/dev/vg/x",
        "arch": "x86_64",
    }


def test_what_is_not_told_is_not_known() -> None:
    found = parse_domain("<domain type='qemu'><name>x</name></domain>", "h")
    assert (found.id, found.cpu, found.memory, found.uuid, found.arch) == ("", None, None, None, None)
    assert (found.nics, found.disks) == ((), ())
    assert ScannedGuest("esx", "x", "h").attributes() == {"vmhost": "h"}


@pytest.mark.parametrize(
    "memory, size",
    [
        ("<memory>1048576</memory>", 1024),
        ("<memory unit='KiB'>1536</memory>", 1.5),
        ("<memory unit='MiB'>512</memory>", 512),
        ("<memory unit='GiB'>2</memory>", 2048),
        ("<memory unit='KB'>1000</memory>", 0.95367431640625),
        ("<memory unit='b'>1048576</memory>", 1),
        ("<memory unit='bytes'>1048576</memory>", 1),
        ("<memory unit='T'>1</memory>", 1048576),
        ("<memory>lots</memory>", None),
        ("", None),
    ],
)
def test_memory(memory: str, size: float | None) -> None:
    assert parse_domain(f"<domain><name>x</name>{memory}</domain>", "h").memory == size


@pytest.mark.parametrize(
    "text", ["", "<domain/>", "<domain><name/></domain>", "<network><name>x</name></network>", "<d"]
)
def test_what_is_no_definition(text: str) -> None:
    with pytest.raises(BadAnswer):
        parse_domain(text, "h")


def test_a_document_type_is_refused() -> None:
    with pytest.raises(BadAnswer, match="document type definition"):
        parse_domain("<!DOCTYPE x [<!ENTITY a 'b'>]><domain><name>&a;</name></domain>", "h")


def test_the_byte_order_of_firmware() -> None:
    assert smbios_order("21111111-2223-3334-4444-555555555556") == "11111121-2322-3433-4444-555555555556"
    assert smbios_order("no uuid") == "no uuid"


def test_the_table_is_as_wide_as_its_cells() -> None:
    guests = [
        ScannedGuest("kvm", "kvm1", "hyp01", "41", 2, 2048, (Nic("bridge", "br0"),), (Disk("disk", "file", "/a b"),)),
        ScannedGuest("kvm", "k\n\x1b[31m", "hyp02", cpu=4, memory=1.5),
    ]
    assert render(guests) == (
        "type   name          hypervisor   id   cpu   memory   nic   disk\n"
        "kvm    kvm1          hyp01        41   2     2048     br0   /a b\n"
        "kvm    k\\n\\x1b[31m   hyp02             4     1.5\n"
    )
    assert render([]) == "type   name   hypervisor   id   cpu   memory   nic   disk\n"
