# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From managed objects to the model. Pure, and private to this collection."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from urllib.parse import unquote

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.properties import Objects, Properties
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Host, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

STATES = {
    "poweredOn": GuestState.RUNNING,
    "suspended": GuestState.PAUSED,
    "poweredOff": GuestState.SHUT_OFF,
}
# From this hardware version on a guest sees the first three groups of its uuid with their bytes in reverse.
SWAPPED_FROM = 13
_HARDWARE = re.compile(r"vmx-(\d+)")
_UUID = re.compile(
    r"([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})-([0-9a-f]{2})([0-9a-f]{2})-([0-9a-f]{2})([0-9a-f]{2})(-[0-9a-f]{4}-[0-9a-f]{12})",
    re.IGNORECASE,
)
_SWAPPED = r"\4\3\2\1-\6\5-\8\7\9"
_NO_UUIDS = frozenset({"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"})
_VCLS_NAME = "vcls"
_CLIMBS = 100


@dataclass(frozen=True)
class Wishes:
    """What the options say about guests.

    Attributes:
        guest_order: give the uuid as the guest sees it, not as vCenter prints it.
        templates, vcls: report these machines.
    """

    guest_order: bool = True
    templates: bool = True
    vcls: bool = True


@dataclass
class Found:
    """What a server told.

    Attributes:
        notes: one sentence for each thing about the whole answer that the user should look at.
    """

    hosts: list[Host] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unplaced: list[Guest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def convert(objects: Objects, wishes: Wishes, root: str, root_hidden: bool, esxi: bool) -> Found:
    """All hosts with their guests, what was left out and why, and what shows that the account sees only a part.

    Args:
        root: id of the root folder.
        root_hidden: the account may not read the root folder.
        esxi: the server is an ESXi.
    """
    found = Found()
    guests = _place_guests(objects, wishes, found)
    tree = _Tree(objects, root)
    for ref, properties in objects.of(vim.HOST).items():
        found.hosts.append(_host(ref, properties, objects.missing.get(ref, {}), guests.pop(ref, []), tree, esxi))
    strays = {ref: stray for ref, stray in guests.items() if ref}
    for ref, stray in strays.items():
        reason = f"its host {shown(ref)} is not among the hosts that the account can see"
        found.skipped += [Skipped("guest", guest.name or guest.uuid, reason) for guest in stray]
    found.unplaced = guests.get("", [])
    found.notes += _notes(objects, found, tree, strays, root_hidden or root in objects.missing)
    return found


# -- guests


def _place_guests(objects: Objects, wishes: Wishes, found: Found) -> dict[str, list[Guest]]:
    """The guests by the id of their host, under the empty text those that have none."""
    placed: dict[str, list[Guest]] = defaultdict(list)
    guest_order = wishes.guest_order
    for ref, properties in objects.of(vim.MACHINE).items():
        name = _name(properties)
        reason = _why_left_out(properties, objects.missing.get(ref), name, wishes)
        if reason:
            found.skipped.append(Skipped("guest", name or ref, reason))
            continue
        uuid = properties["config.uuid"].strip()
        if guest_order:
            uuid = guest_uuid(uuid, properties.get("config.version", ""))
        state = STATES.get(properties.get("runtime.powerState", ""), GuestState.UNKNOWN)
        placed[properties.get("runtime.host", "")].append(Guest(uuid, name, state))
    return placed


def _why_left_out(
    properties: Properties, missing: dict[str, str] | None, name: str | None, wishes: Wishes
) -> str | None:
    """Why a machine cannot or shall not be reported; None when it is."""
    if missing:
        # Without its version the order of the uuid's bytes is not known; without its host the guest would pass for one
        # that is off.
        for path in ("config.uuid", "config.version", "runtime.host"):
            if path in missing:
                return f"{path} cannot be read ({shown(missing[path])})"
    if not properties.get("config.uuid", "").strip():
        if "config.uuid" in properties:
            return "no uuid: config.uuid is blank"
        connection = properties.get("runtime.connectionState", "unknown")
        return f"no uuid: the machine has no config, its connection state is {shown(connection)}"
    # What is asked for only when such machines are to be left out is absent otherwise.
    if not wishes.templates and properties.get(vim.TEMPLATE_PATH) == "true":
        return "a template, and include_templates is false"
    if not wishes.vcls and vim.MANAGED_BY_PATH in properties and name and name.lower().startswith(_VCLS_NAME):
        return "a machine of vSphere Cluster Services, and include_vcls is false"
    return None


def guest_uuid(uuid: str, version: str) -> str:
    """The uuid as the guest sees it in its SMBIOS.

    Args:
        uuid: as vCenter prints it.
        version: the hardware version, ``vmx-19``; when it cannot be read nothing is swapped.
    """
    hardware = _HARDWARE.fullmatch(version)
    if hardware is None or int(hardware[1]) < SWAPPED_FROM:
        return uuid
    return _UUID.sub(_SWAPPED, uuid) if _UUID.fullmatch(uuid) else uuid


def _name(properties: Properties) -> str | None:
    """The name; vSphere writes the characters / \\ % in a name as %2f %5c %25."""
    name = properties.get("name")
    return unquote(name) if name and "%" in name else name or None


# -- hosts


class _Tree:
    """Where hosts stand: clusters, folders and datacenters, climbed in memory."""

    def __init__(self, objects: Objects, root: str) -> None:
        self._root = root
        self._clusters = objects.of(vim.CLUSTER)
        self._computes = objects.of(vim.COMPUTE)
        self._datacenters = objects.of(vim.DATACENTER)
        self._folders = objects.of(vim.FOLDER)
        self.broken: set[str] = set()

    def cluster(self, parent: str | None) -> str | None:
        """The name of a host's parent, if that is a cluster."""
        return _name(self._clusters[parent]) if parent in self._clusters else None

    def datacenter(self, host: str, parent: str | None) -> str | None:
        """The name of the datacenter above a host. Remembers the host when the way up ends before the root folder."""
        name = None
        place = parent
        for _climb in range(_CLIMBS):
            if place == self._root:
                return name
            above = place and self._above(place)
            if not above:
                break
            if place in self._datacenters and name is None:
                name = _name(above)
            place = above.get("parent")
        self.broken.add(host)
        return name

    def _above(self, place: str) -> Properties | None:
        for level in (self._clusters, self._computes, self._folders, self._datacenters):
            if place in level:
                return level[place]
        return None

    def parents(self, parent: str | None) -> tuple[str, ...]:
        """The names and ids that a filter of parents is matched with."""
        if parent is None:
            return ()
        place = self._clusters.get(parent) or self._computes.get(parent) or {}
        name = _name(place)
        return (parent, name) if name else (parent,)


def _host(
    ref: str, properties: Properties, missing: dict[str, str], guests: list[Guest], tree: _Tree, esxi: bool
) -> Host:
    connection = properties.get("runtime.connectionState")
    raw_uuid = _first(properties, "hardware.systemInfo.uuid", "summary.hardware.uuid")
    uuid = None if raw_uuid is None or raw_uuid.lower() in _NO_UUIDS else raw_uuid
    parent = properties.get("parent")
    cluster = tree.cluster(parent)
    name = _name(properties)
    hostname = _dns_name(properties)
    lost = f"; its {len(guests)} guests are not reported" if guests else ""
    facts = {
        "cpu.cpu_socket(s)": _first(properties, "hardware.cpuInfo.numCpuPackages", "summary.hardware.numCpuPkgs"),
        "dmi.system.uuid": uuid,
        "hypervisor.cluster": cluster,
        "hypervisor.type": _first(properties, "config.product.name", "summary.config.product.name") or "vmware",
        "hypervisor.version": _first(properties, "config.product.version", "summary.config.product.version"),
    }
    return Host(
        ids={"uuid": uuid, "hwuuid": ref, "hostname": hostname or _full_name(name)},
        uuid=uuid,
        name=hostname or name or ref,
        cluster=cluster,
        parent=parent,
        facts={key: value for key, value in facts.items() if value},
        guests=guests,
        parents=tree.parents(parent),
        missing={
            "uuid": _why(missing, "hardware.systemInfo.uuid", connection, raw_uuid) + lost,
            "hostname": _why(missing, "config.network.dnsConfig.hostName", connection, None) + lost,
        },
        extra={"connection_state": connection, "datacenter": None if esxi else tree.datacenter(ref, parent)},
    )


def _first(properties: Properties, *paths: str) -> str | None:
    """The first of these properties that holds something."""
    return next((value for value in (properties.get(path, "").strip() for path in paths) if value), None)


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


def _why(missing: dict[str, str], path: str, connection: str | None, raw: str | None) -> str:
    """Why a host has no such id."""
    if raw is not None:
        return f"its hardware tells {shown(raw)}, which is none"
    if path in missing:
        return f"{path} cannot be read ({shown(missing[path])})"
    if connection != "connected":
        return f"the host is {shown(connection or 'in an unknown state')}"
    return f"the host does not tell {path}"


# -- what to look at


def _notes(
    objects: Objects, found: Found, tree: _Tree, strays: t.Mapping[str, list[Guest]], root_hidden: bool
) -> t.Iterator[str]:
    denied = sum("NoPermission" in faults.values() for faults in objects.missing.values())
    signs = []
    if root_hidden:
        signs.append("it may not read the root folder")
    if tree.broken:
        signs.append(f"it cannot see what is above {len(tree.broken)} hosts")
    if strays:
        signs.append(f"{sum(map(len, strays.values()))} guests run on {len(strays)} hosts that it cannot see")
    if denied:
        signs.append(f"it may not read properties of {denied} objects")
    if signs:
        yield f"the account sees only a part of the inventory: {'; '.join(signs)}; what it cannot see is not reported"
    states = Counter(host.extra["connection_state"] for host in found.hosts)
    for state in ("disconnected", "notResponding"):
        if states[state]:
            yield f"{states[state]} hosts are {state}; for them the last known state is reported"
    managers = {properties.get(vim.MANAGER_PATH) for properties in objects.of(vim.HOST).values()} - {None, ""}
    for manager in sorted(str(manager) for manager in managers):
        yield f"this ESXi is managed by the vCenter {shown(manager)}; report its guests from one of the two only"
