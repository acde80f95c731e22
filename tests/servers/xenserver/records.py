# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Records as XAPI hands them out: every field, with what an ordinary object has in it.

Kept as text and read anew for each object, so that no object shares a list with another. A text after ``@`` is a
moment.
"""

from __future__ import annotations

import json
import typing as t

NULL = "OpaqueRef:NULL"
Record = dict[str, t.Any]

_FIELDS: dict[str, str] = {
    "pool": """{
        "uuid": "", "name_label": "", "name_description": "", "master": "OpaqueRef:NULL",
        "default_SR": "OpaqueRef:NULL", "suspend_image_SR": "OpaqueRef:NULL", "crash_dump_SR": "OpaqueRef:NULL",
        "other_config": {"auto_poweron": "true"}, "ha_enabled": false, "ha_configuration": {}, "ha_statefiles": [],
        "ha_host_failures_to_tolerate": 0, "ha_plan_exists_for": 0, "ha_allow_overcommit": false,
        "ha_overcommitted": false, "ha_cluster_stack": "xhad", "blobs": {}, "tags": [], "gui_config": {},
        "health_check_config": {}, "wlb_url": "", "wlb_username": "", "wlb_enabled": false, "wlb_verify_cert": false,
        "redo_log_enabled": false, "redo_log_vdi": "OpaqueRef:NULL", "vswitch_controller": "", "restrictions": {},
        "metadata_VDIs": [], "allowed_operations": ["cluster_create"], "current_operations": {},
        "guest_agent_config": {}, "cpu_info": {"cpu_count": "32", "socket_count": "4", "vendor": "GenuineIntel"},
        "policy_no_vendor_device": false, "live_patching_disabled": false, "igmp_snooping_enabled": false,
        "uefi_certificates": "", "is_psr_pending": false, "tls_verification_enabled": true, "repositories": [],
        "client_certificate_auth_enabled": false, "migration_compression": false
    }""",
    "host": """{
        "uuid": "", "name_label": "", "name_description": "Default install", "memory_overhead": 1139920896,
        "allowed_operations": ["vm_migrate", "vm_resume", "evacuate", "vm_start", "provision"],
        "current_operations": {}, "API_version_major": 2, "API_version_minor": 21, "API_version_vendor": "XenSource",
        "API_version_vendor_implementation": {}, "enabled": true, "display": "enabled",
        "software_version": {
            "product_version": "8.2.1", "product_version_text": "8.2", "product_version_text_short": "8.2",
            "product_brand": "XenServer", "platform_name": "XCP", "platform_version": "3.2.1", "xapi": "1.20",
            "build_number": "release/yangtze/master/58", "git_id": "0", "hostname": "localhost", "date": "2024-01-19",
            "dbv": "0.0.1", "xen": "4.13.5-9.38", "linux": "4.19.0+1", "network_backend": "openvswitch",
            "db_schema": "5.603"
        },
        "other_config": {"agent_start_time": "1700000000.", "boot_time": "1699999900."},
        "capabilities": ["xen-3.0-x86_64", "hvm-3.0-x86_64"],
        "cpu_configuration": {}, "sched_policy": "credit", "supported_bootloaders": ["pygrub", "eliloader"],
        "resident_VMs": [], "logging": {}, "PIFs": [], "suspend_image_sr": "OpaqueRef:NULL",
        "crash_dump_sr": "OpaqueRef:NULL", "crashdumps": [], "patches": [], "updates": [], "PBDs": [], "host_CPUs": [],
        "cpu_info": {
            "cpu_count": "16", "socket_count": "2", "threads_per_core": "2", "vendor": "GenuineIntel",
            "speed": "2394.456", "modelname": "Intel(R) Xeon(R) CPU E5-2630 v3 @ 2.40GHz", "family": "6",
            "model": "63", "stepping": "2", "flags": "fpu de tsc msr pae mce cx8 apic sep mca cmov pat clflush",
            "features": "7ffefbff-bfebfbff-00000021-2c100800"
        },
        "hostname": "", "address": "192.0.2.1", "metrics": "OpaqueRef:NULL",
        "license_params": {"sku_type": "free", "sockets": "2", "expiry": "20310101T00:00:00Z"},
        "ha_statefiles": [], "ha_network_peers": [], "blobs": {}, "tags": [], "external_auth_type": "",
        "external_auth_service_name": "", "external_auth_configuration": {}, "edition": "free",
        "license_server": {"address": "localhost", "port": "27000"},
        "bios_strings": {
            "bios-vendor": "Example BIOS", "bios-version": "2.4.3", "system-manufacturer": "Example Corp",
            "system-product-name": "Server R630", "system-serial-number": "ABC1234"
        },
        "power_on_mode": "", "power_on_config": {}, "local_cache_sr": "OpaqueRef:NULL", "chipset_info": {"iommu": "true"},
        "PCIs": [], "PGPUs": [], "PUSBs": [], "ssl_legacy": false, "guest_VCPUs_params": {}, "virtual_hardware_platform_versions": [0, 1, 2],
        "control_domain": "OpaqueRef:NULL", "updates_requiring_reboot": [], "features": [], "iscsi_iqn": "iqn.2001-01.com.example:host",
        "multipathing": false, "uefi_certificates": "", "certificates": [], "editions": ["free"], "tls_verification_enabled": true,
        "last_software_update": "@19700101T00:00:00Z"
    }""",
    "host_metrics": """{
        "uuid": "", "memory_total": 137438953472, "memory_free": 68719476736, "live": true,
        "last_updated": "@20240101T10:00:00Z", "other_config": {}
    }""",
    "VM": """{
        "uuid": "", "allowed_operations": ["changing_dynamic_range", "migrate_send", "pool_migrate", "snapshot"],
        "current_operations": {}, "power_state": "Running", "name_label": "", "name_description": "Created by a template",
        "user_version": 1, "is_a_template": false, "is_default_template": false, "suspend_VDI": "OpaqueRef:NULL",
        "resident_on": "OpaqueRef:NULL", "scheduled_to_be_resident_on": "OpaqueRef:NULL", "affinity": "OpaqueRef:NULL",
        "memory_overhead": 20971520, "memory_target": 0, "memory_static_max": 4294967296, "memory_dynamic_max": 4294967296,
        "memory_dynamic_min": 4294967296, "memory_static_min": 2147483648, "VCPUs_params": {}, "VCPUs_max": 2,
        "VCPUs_at_startup": 2, "actions_after_softreboot": "soft_reboot", "actions_after_shutdown": "destroy",
        "actions_after_reboot": "restart", "actions_after_crash": "restart",
        "consoles": ["OpaqueRef:7bd0f8c9-6f4c-4b34-9de3-e6fa0e19b0a1"],
        "VIFs": ["OpaqueRef:38da2120-6086-5043-8383-ab0a53ede42a"],
        "VBDs": ["OpaqueRef:4c4ecb79-5d79-4d3c-a1fe-1b9e2bf9a4c5", "OpaqueRef:d3dc4dba-7ed0-45d5-81e4-a50c6a5ef1a1"],
        "VUSBs": [], "crash_dumps": [], "VTPMs": [], "PV_bootloader": "", "PV_kernel": "", "PV_ramdisk": "",
        "PV_args": "graphical utf8", "PV_bootloader_args": "", "PV_legacy_args": "", "HVM_boot_policy": "BIOS order",
        "HVM_boot_params": {"order": "cdn"}, "HVM_shadow_multiplier": 1.0,
        "platform": {
            "timeoffset": "0", "videoram": "8", "hpet": "true", "acpi": "1", "apic": "true", "pae": "true", "nx": "true",
            "viridian": "false", "device-model": "qemu-upstream-compat", "secureboot": "false", "vga": "std"
        },
        "PCI_bus": "", "other_config": {"base_template_name": "CentOS 7", "import_task": "OpaqueRef:NULL", "install-methods": "cdrom,nfs,http,ftp"},
        "domid": -1, "domarch": "", "last_boot_CPU_flags": {"vendor": "GenuineIntel", "features": "1fcbfbff-f7fa3223-2c100800"},
        "is_control_domain": false, "metrics": "OpaqueRef:0f9c3b4e-8f13-4a8b-a4b4-37bb0c1f2c58",
        "guest_metrics": "OpaqueRef:6f39b1b8-1a4d-4c79-8a5f-6c9e5b1d8a77", "last_booted_record": "",
        "recommendations": "<restrictions><restriction field=\\"memory-static-max\\" max=\\"549755813888\\"/></restrictions>",
        "xenstore_data": {"vm-data": "", "vm-data/mmio-hole-size": "268435456"}, "ha_always_run": false,
        "ha_restart_priority": "", "is_a_snapshot": false, "snapshot_of": "OpaqueRef:NULL", "snapshots": [],
        "snapshot_time": "@19700101T00:00:00Z", "transportable_snapshot_id": "", "blobs": {}, "tags": [],
        "blocked_operations": {}, "snapshot_info": {}, "snapshot_metadata": "", "parent": "OpaqueRef:NULL", "children": [],
        "bios_strings": {
            "bios-vendor": "Xen", "bios-version": "", "system-manufacturer": "Xen", "system-product-name": "HVM domU",
            "system-version": "", "system-serial-number": "", "hp-rombios": ""
        },
        "protection_policy": "OpaqueRef:NULL", "is_snapshot_from_vmpp": false, "snapshot_schedule": "OpaqueRef:NULL",
        "is_vmss_snapshot": false, "appliance": "OpaqueRef:NULL", "start_delay": 0, "shutdown_delay": 0, "order": 0,
        "VGPUs": [], "attached_PCIs": [], "suspend_SR": "OpaqueRef:NULL", "version": 0, "generation_id": "0:0",
        "hardware_platform_version": 0, "has_vendor_device": false, "requires_reboot": false, "reference_label": "",
        "domain_type": "hvm", "NVRAM": {}
    }""",
}


class Moment(str):
    """A moment as XAPI writes it: ``20240101T10:00:00Z``."""


def new(kind: str, **values: t.Any) -> Record:
    """A record of a class with these values in it."""
    record: Record = json.loads(_FIELDS[kind])
    for name, value in record.items():
        if isinstance(value, str) and value.startswith("@"):
            record[name] = Moment(value[1:])
    strange = values.keys() - record.keys()
    if strange:
        raise KeyError(f"{kind} has no {', '.join(sorted(strange))}")
    record.update(values)
    return record
