# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Hosts as hypervisors. Pure, and private to this collection."""

from __future__ import annotations

import ipaddress

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.properties import Properties, display_name
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.tree import Place
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Host
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

# What boards say that have no uuid.
_NO_UUIDS = frozenset({"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"})
_ID_PATHS = {"uuid": "hardware.systemInfo.uuid", "hostname": "config.network.dnsConfig.hostName"}


def to_host(
    ref: str, properties: Properties, missing: dict[str, str], guests: list[Guest], place: Place, esxi: bool
) -> Host:
    """A host as a hypervisor.

    Args:
        ref: its id.
        missing: the properties that could not be read, with the types of the faults.
        esxi: the server is an ESXi, which has a datacenter in name only.
    """
    connection = properties.get("runtime.connectionState")
    raw_uuid = _first(properties, "hardware.systemInfo.uuid", "summary.hardware.uuid")
    uuid = None if raw_uuid is None or raw_uuid.lower() in _NO_UUIDS else raw_uuid
    name = display_name(properties)
    hostname = _dns_name(properties)
    ids = {"uuid": uuid, "hwuuid": ref, "hostname": hostname or _full_name(name)}
    facts = {
        "cpu.cpu_socket(s)": _first(properties, "hardware.cpuInfo.numCpuPackages", "summary.hardware.numCpuPkgs"),
        "dmi.system.uuid": uuid,
        "hypervisor.cluster": place.cluster,
        "hypervisor.type": _first(properties, "config.product.name", "summary.config.product.name") or "vmware",
        "hypervisor.version": _first(properties, "config.product.version", "summary.config.product.version"),
    }
    return Host(
        ids=ids,
        uuid=uuid,
        name=hostname or name or ref,
        cluster=place.cluster,
        parent=properties.get("parent"),
        facts={key: value for key, value in facts.items() if value},
        guests=guests,
        parents=place.parents,
        missing={
            word: _why(missing, _ID_PATHS[word], connection, raw_uuid if word == "uuid" else None, len(guests))
            for word, value in ids.items()
            if value is None
        },
        extra={"connection_state": connection, "datacenter": None if esxi else place.datacenter},
    )


def _first(properties: Properties, *paths: str) -> str | None:
    """The first of these properties that holds something."""
    for path in paths:
        value = properties.get(path, "").strip()
        if value:
            return value
    return None


def _dns_name(properties: Properties) -> str | None:
    """The name that the host itself has, with its domain when it has one."""
    name = _first(properties, "config.network.dnsConfig.hostName")
    domain = _first(properties, "config.network.dnsConfig.domainName")
    return f"{name}.{domain}" if name and domain else name


def _full_name(name: str | None) -> str | None:
    """The name in vCenter in place of the host's own, when it is a full host name.

    It is what was typed when the host was added. An address or a short name would be another id than the host's usual
    one, and the receiver would count the host twice.
    """
    if not name or "." not in name:
        return None
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name
    return None


def _why(missing: dict[str, str], path: str, connection: str | None, raw: str | None, guests: int) -> str:
    """Why a host has no such id, and what is lost with it."""
    lost = f"; its {guests} guests are not reported" if guests else ""
    if raw is not None:
        return f"its hardware tells {shown(raw)}, which is none{lost}"
    if path in missing:
        return f"{path} cannot be read ({shown(missing[path])}){lost}"
    if connection != "connected":
        return f"the host is {shown(connection or 'in an unknown state')}{lost}"
    return f"the host does not tell {path}{lost}"
