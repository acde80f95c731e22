# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Objects as the engine writes them: version 4 of its API, and version 3 where the two differ.

Half of an object are its links to actions and to other lists; they are here too, because whoever reads it pays for
them.
"""

from __future__ import annotations

import typing as t
from xml.sax.saxutils import escape

from .model import Cluster, Host, Machine

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_BASE = "/ovirt-engine/api"
_VM_ACTIONS = (
    "autopincpuandnumanodes cancelmigration clone commitsnapshot detach exportimage exporttoexportdomain exporttopathonhost "
    "freezefilesystems logon maintenance migrate previewsnapshot reboot reordermacaddresses reset screenshot shutdown start "
    "stop suspend thawfilesystems ticket undosnapshot export"
).split()
_VM_LINKS = (
    "affinitylabels applications backups cdroms diskattachments graphicsconsoles hostdevices katelloerrata mediateddevices "
    "nics numanodes permissions reporteddevices sessions snapshots statistics tags virtionumanodes watchdogs checkpoints"
).split()
_HOST_ACTIONS = (
    "activate approve commitnetconfig copyhostnetworks deactivate discoveriscsi enrollcertificate fence forceselectspm "
    "install iscsidiscover iscsilogin refresh setupnetworks syncallnetworks unregisteredstoragedomainsdiscover upgrade "
    "upgradecheck"
).split()
_HOST_LINKS = (
    "affinitylabels agents cpuunits devices externalnetworkproviderconfigurations fenceagents hooks katelloerrata "
    "networkattachments nics numanodes permissions statistics storage storageconnectionextensions tags "
    "unmanagednetworks"
).split()
_TAIL_OF_VM = """    <bios>
        <boot_menu><enabled>false</enabled></boot_menu>
        <type>q35_sea_bios</type>
    </bios>
    <cpu>
        <architecture>x86_64</architecture>
        <topology><cores>1</cores><sockets>2</sockets><threads>1</threads></topology>
    </cpu>
    <cpu_shares>0</cpu_shares>
    <creation_time>2026-01-12T08:15:30.123Z</creation_time>
    <delete_protected>false</delete_protected>
    <display>
        <allow_override>false</allow_override><copy_paste_enabled>true</copy_paste_enabled>
        <disconnect_action>LOCK_SCREEN</disconnect_action><file_transfer_enabled>true</file_transfer_enabled>
        <monitors>1</monitors><single_qxl_pci>false</single_qxl_pci><smartcard_enabled>false</smartcard_enabled>
        <type>spice</type>
    </display>
    <high_availability><enabled>false</enabled><priority>1</priority></high_availability>
    <io><threads>1</threads></io>
    <large_icon href="/ovirt-engine/api/icons/1a2b" id="1a2b"/>
    <memory>4294967296</memory>
    <memory_policy><guaranteed>4294967296</guaranteed><max>17179869184</max></memory_policy>
    <migration><auto_converge>inherit</auto_converge><compressed>inherit</compressed></migration>
    <multi_queues_enabled>true</multi_queues_enabled>
    <os><boot><devices><device>hd</device></devices></boot><type>rhel_9x64</type></os>
    <placement_policy><affinity>migratable</affinity></placement_policy>
    <quota id="0a0b"/>
    <sso><methods><method id="guest_agent"/></methods></sso>
    <start_paused>false</start_paused>
    <stateless>false</stateless>
    <storage_error_resume_behaviour>auto_resume</storage_error_resume_behaviour>
    <time_zone><name>Etc/GMT</name></time_zone>
    <tpm_enabled>false</tpm_enabled>
    <type>server</type>
    <usb><enabled>false</enabled></usb>
    <next_run_configuration_exists>false</next_run_configuration_exists>
    <numa_tune_mode>interleave</numa_tune_mode>
    <run_once>false</run_once>
    <start_time>2026-02-01T10:00:00.000Z</start_time>
    <stop_time>2026-01-31T09:59:59.000Z</stop_time>
    <original_template href="/ovirt-engine/api/templates/00000000-0000-0000-0000-000000000000" id="00000000-0000-0000-0000-000000000000"/>
    <template href="/ovirt-engine/api/templates/00000000-0000-0000-0000-000000000000" id="00000000-0000-0000-0000-000000000000"/>
"""
_TAIL_OF_HOST = """    <auto_numa_status>unknown</auto_numa_status>
    <device_passthrough><enabled>false</enabled></device_passthrough>
    <external_status>ok</external_status>
    <hosted_engine><active>false</active><configured>false</configured></hosted_engine>
    <iscsi><initiator>iqn.1994-05.com.example:1</initiator></iscsi>
    <kdump_status>enabled</kdump_status>
    <ksm><enabled>true</enabled></ksm>
    <max_scheduling_memory>269840711680</max_scheduling_memory>
    <memory>270582939648</memory>
    <numa_supported>false</numa_supported>
    <port>54321</port>
    <power_management><automatic_pm_enabled>true</automatic_pm_enabled><enabled>false</enabled></power_management>
    <protocol>stomp</protocol>
    <se_linux><mode>enforcing</mode></se_linux>
    <spm><priority>5</priority><status>none</status></spm>
    <ssh><fingerprint>SHA256:x</fingerprint><port>22</port></ssh>
    <transparent_huge_pages><enabled>true</enabled></transparent_huge_pages>
    <type>rhel</type>
    <update_available>false</update_available>
    <vgpu_placement>consolidated</vgpu_placement>
"""


def _links(folder: str, actions: t.Iterable[str], links: t.Iterable[str]) -> tuple[str, str]:
    """The links of an object, with an @ where its id goes."""
    begin = f"{_BASE}/{folder}/@"
    first = "".join(f'        <link href="{begin}/{name}" rel="{name}"/>\n' for name in actions)
    second = "".join(f'    <link href="{begin}/{name}" rel="{name}"/>\n' for name in links)
    return f"    <actions>\n{first}    </actions>\n", second


_VM_ACTION_LINKS, _VM_LIST_LINKS = _links("vms", _VM_ACTIONS, _VM_LINKS)
_HOST_ACTION_LINKS, _HOST_LIST_LINKS = _links("hosts", _HOST_ACTIONS, _HOST_LINKS)


def element(name: str, value: object | None) -> str:
    """An element on a line; none for None."""
    return "" if value is None else f"    <{name}>{text(str(value))}</{name}>\n"


def text(value: str) -> str:
    """Text within an element. A carriage return is escaped, because a parser reads a bare one as a line feed."""
    return escape(value, {"\r": "&#13;"})


def reference(name: str, folder: str, identifier: str | None) -> str:
    """An element that points to another object; none for None."""
    return "" if identifier is None else f'    <{name} href="{_BASE}/{folder}/{identifier}" id="{identifier}"/>\n'


def _head(tag: str, folder: str, identifier: str | None) -> str:
    if identifier is None:
        return f"<{tag}>\n"
    return f'<{tag} href="{_BASE}/{folder}/{identifier}" id="{identifier}">\n'


def _state(status: str | None, old: bool) -> str:
    if old and status is not None:
        return f"    <status><state>{text(status)}</state></status>\n"
    return element("status", status)


def cluster(entry: Cluster, old: bool) -> str:
    """A cluster."""
    virt = None if entry.virt_service is None else str(entry.virt_service).lower()
    version = (
        '    <version major="3" minor="6"/>\n' if old else "    <version><major>4</major><minor>7</minor></version>\n"
    )
    return "".join(
        (
            _head("cluster", "clusters", entry.id),
            element("name", entry.name),
            element("description", ""),
            "    <ballooning_enabled>false</ballooning_enabled>\n",
            "    <cpu><architecture>x86_64</architecture><type>Intel Cascadelake Server Family</type></cpu>\n",
            element("gluster_service", str(entry.gluster_service).lower()),
            version,
            element("virt_service", virt),
            '    <data_center href="/ovirt-engine/api/datacenters/5a" id="5a"/>\n',
            "</cluster>\n",
        )
    )


def host(entry: Host, old: bool, total: int) -> str:
    """A host; ``total`` is how many machines the engine counts there."""
    known = entry.id or ""
    if entry.sockets is None:
        topology = ""
    elif old:
        topology = f'<topology sockets="{entry.sockets}" cores="8" threads="2"/>'
    else:
        topology = f"<topology><cores>8</cores><sockets>{entry.sockets}</sockets><threads>2</threads></topology>"
    cpu = f"    <cpu><name>Intel(R) Xeon(R)</name><speed>2294</speed>{topology}</cpu>\n" if topology else ""
    version = ""
    if entry.version is not None and old:
        version = f'    <version major="4" minor="17" build="0" revision="0" full_version="{text(entry.version)}"/>\n'
    elif entry.version is not None:
        parts = "<build>5</build><major>4</major><minor>50</minor><revision>1</revision>"
        version = f"    <version>{parts}<full_version>{text(entry.version)}</full_version></version>\n"
    hardware = ""
    if entry.hardware_uuid is not None:
        hardware = (
            "    <hardware_information>\n        <manufacturer>Example</manufacturer>\n"
            f"        <product_name>Server 1</product_name>\n        <uuid>{text(entry.hardware_uuid)}</uuid>\n"
            "    </hardware_information>\n"
        )
    counted = total if entry.total is None else entry.total
    return "".join(
        (
            _head("host", "hosts", entry.id),
            _HOST_ACTION_LINKS.replace("@", known),
            element("name", entry.name),
            element("comment", ""),
            _HOST_LIST_LINKS.replace("@", known),
            element("address", entry.address),
            "    <certificate><organization>example.com</organization><subject>O=example.com</subject></certificate>\n",
            cpu,
            hardware,
            _TAIL_OF_HOST,
            _state(entry.status, old),
            f"    <summary><active>{counted}</active><migrating>0</migrating><total>{counted}</total></summary>\n",
            version,
            reference("cluster", "clusters", entry.cluster),
            "</host>\n",
        )
    )


def vm(entry: Machine, old: bool) -> str:
    """A virtual machine."""
    known = entry.id or ""
    return "".join(
        (
            _head("vm", "vms", entry.id),
            _VM_ACTION_LINKS.replace("@", known),
            element("name", entry.name),
            element("description", ""),
            element("comment", ""),
            _VM_LIST_LINKS.replace("@", known),
            _TAIL_OF_VM,
            element("origin", entry.origin),
            _state(entry.status, old),
            reference("cluster", "clusters", entry.cluster),
            reference("host", "hosts", entry.host),
            "</vm>\n",
        )
    )


def fault(reason: str, detail: str) -> bytes:
    """The body of a refusal."""
    return f"{DECLARATION}<fault>\n{element('detail', detail)}{element('reason', reason)}</fault>\n".encode()


def entry_point(hosts: int, machines: int, old: bool) -> bytes:
    """The entry point of the API."""
    if old:
        product = '<version major="3" minor="6" build="13" revision="2" full_version="3.6.13.2-0.1.el6"/>'
        counts = f"<vms><total>{machines}</total></vms><hosts><total>{hosts}</total></hosts>"
    else:
        product = (
            "<version><build>6</build><full_version>4.5.6-1.el9</full_version>"
            "<major>4</major><minor>5</minor><revision>0</revision></version>"
        )
        counts = f"<hosts><active>{hosts}</active><total>{hosts}</total></hosts><vms><total>{machines}</total></vms>"
    return (
        f"{DECLARATION}<api>\n"
        '    <link href="/ovirt-engine/api/clusters" rel="clusters"/>\n'
        '    <link href="/ovirt-engine/api/hosts" rel="hosts"/>\n'
        '    <link href="/ovirt-engine/api/vms" rel="vms"/>\n'
        f"    <product_info><name>oVirt Engine</name><vendor>ovirt.org</vendor>{product}</product_info>\n"
        f"    <summary>{counts}</summary>\n</api>\n"
    ).encode()
