# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From answers of qemu-ga, and from libvirt's words for them, to the shape. Private to this collection; pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.shape import Report
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.values import entries, number, text, texts

SECONDS_PER_MINUTE = 60
_INDEX = re.compile(r"(\d{1,4})\.(.+)")


def guest_info(report: Report, answer: t.Any) -> None:
    """``guest-info``: version and what may be asked."""
    if isinstance(answer, dict):
        report.agent_version = text(answer.get("version"))
        commands = entries(answer.get("supported_commands"))
        report.commands = sorted(texts([entry.get("name") for entry in commands if entry.get("enabled") is True]))


def host_name(report: Report, answer: t.Any) -> None:
    """``guest-get-host-name``; a name with a dot is the full one."""
    name = text(answer.get("host-name")) if isinstance(answer, dict) else None
    _set_name(report, name)


def osinfo(report: Report, answer: t.Any) -> None:
    """``guest-get-osinfo``."""
    if isinstance(answer, dict):
        _set_os(report, {key: text(value) for key, value in answer.items()})


def timezone(report: Report, answer: t.Any) -> None:
    """``guest-get-timezone``; seconds there, minutes here."""
    if isinstance(answer, dict):
        _set_timezone(report, answer.get("zone"), answer.get("offset"))


def users(report: Report, answer: t.Any) -> None:
    """``guest-get-users``."""
    report.users = list(dict.fromkeys(texts([entry.get("user") for entry in entries(answer)])))


def vcpus(report: Report, answer: t.Any) -> None:
    """``guest-get-vcpus``."""
    online = sum(entry.get("online") is True for entry in entries(answer))
    report.cpus = online or None


def fsinfo(report: Report, answer: t.Any) -> None:
    """``guest-get-fsinfo``."""
    report.filesystems = [
        {
            "path": text(entry.get("mountpoint")),
            "fs": text(entry.get("type")),
            "total": number(entry.get("total-bytes")),
            "used": number(entry.get("used-bytes")),
        }
        for entry in entries(answer)
    ]
    disks = [disk for entry in entries(answer) for disk in entries(entry.get("disk"))]
    _set_disks(report, [(disk.get("serial"), disk.get("dev")) for disk in disks])


def interfaces(report: Report, answer: t.Any) -> None:
    """``guest-network-get-interfaces``, without the loopback."""
    found = []
    for entry in entries(answer):
        addresses = entries(entry.get("ip-addresses"))
        found.append(
            {
                "name": text(entry.get("name")),
                "hw": text(entry.get("hardware-address")),
                "inet": texts([item.get("ip-address") for item in addresses if item.get("ip-address-type") == "ipv4"]),
                "inet6": texts([item.get("ip-address") for item in addresses if item.get("ip-address-type") == "ipv6"]),
            }
        )
    report.interfaces = [entry for entry in found if not _is_loopback(entry)]


def fsfreeze(report: Report, answer: t.Any) -> None:
    """``guest-fsfreeze-status``."""
    report.fsfreeze = answer if answer in ("thawed", "frozen") else None


# What is asked over the socket, in this order, as far as the agent allows it.
QUESTIONS: dict[str, t.Callable[[Report, t.Any], None]] = {
    "guest-fsfreeze-status": fsfreeze,
    "guest-get-host-name": host_name,
    "guest-get-osinfo": osinfo,
    "guest-get-timezone": timezone,
    "guest-network-get-interfaces": interfaces,
    "guest-get-users": users,
    "guest-get-vcpus": vcpus,
    "guest-get-fsinfo": fsinfo,
}


def from_libvirt(report: Report, told: t.Mapping[str, t.Any]) -> None:
    """What ``virDomainGetGuestInfo`` tells: one flat dictionary, lists as ``name.count`` and ``name.0.key``."""
    _set_name(report, text(told.get("hostname")))
    _set_os(report, {key[3:]: text(value) for key, value in told.items() if key.startswith("os.")})
    _set_timezone(report, told.get("timezone.name"), told.get("timezone.offset"))
    report.users = list(dict.fromkeys(texts([entry.get("name") for entry in _members(told, "user")])))
    systems = _members(told, "fs")
    report.filesystems = [
        {
            "path": text(entry.get("mountpoint")),
            "fs": text(entry.get("fstype")),
            "total": number(entry.get("total-bytes")),
            "used": number(entry.get("used-bytes")),
        }
        for entry in systems
    ]
    _set_disks(
        report, [(disk.get("serial"), disk.get("device")) for entry in systems for disk in _members(entry, "disk")]
    )


def libvirt_interfaces(report: Report, told: t.Any) -> None:
    """What ``virDomainInterfaceAddresses`` tells."""
    kinds = {0: "inet", 1: "inet6"}
    found = []
    for name, entry in told.items() if isinstance(told, dict) else ():
        interface: dict[str, t.Any] = {"name": text(name), "hw": text(entry.get("hwaddr")), "inet": [], "inet6": []}
        for address in entries(entry.get("addrs")):
            if address.get("type") in kinds:
                interface[kinds[address["type"]]] += texts([address.get("addr")])
        found.append(interface)
    report.interfaces = [entry for entry in found if not _is_loopback(entry)]


def libvirt_vcpus(report: Report, told: t.Any) -> None:
    """What ``virDomainGetGuestVcpus`` tells: lists of processors as ``0-1,3``."""
    online = told.get("online") if isinstance(told, dict) else None
    count = 0
    for part in (text(online) or "").split(","):
        first, _dash, last = part.partition("-")
        low, high = number(first), number(last or first)
        count += high - low + 1 if low is not None and high is not None and high >= low else 0
    report.cpus = count or None


def _members(told: t.Mapping[str, t.Any], name: str) -> list[dict[str, t.Any]]:
    """The entries of a list in libvirt's flat form."""
    found: dict[int, dict[str, t.Any]] = {}
    for key, value in told.items():
        match = _INDEX.fullmatch(key[len(name) + 1 :]) if key.startswith(f"{name}.") else None
        if match:
            found.setdefault(int(match.group(1)), {})[match.group(2)] = value
    return [found[index] for index in sorted(found)]


def _is_loopback(entry: t.Mapping[str, t.Any]) -> bool:
    return entry["name"] == "lo" or bool({"127.0.0.1", "::1"} & {*entry["inet"], *entry["inet6"]})


def _set_name(report: Report, name: str | None) -> None:
    report.hostname = name
    report.fqdn = name if name and "." in name.strip(".") else None


def _set_os(report: Report, told: t.Mapping[str, str | None]) -> None:
    if not any(told.values()):
        return
    windows = told.get("id") == "mswindows"
    report.os = {
        "type": "windows" if windows else None,
        "id": told.get("id"),
        "name": told.get("pretty-name") if windows else told.get("name"),
        "version": told.get("version-id") or told.get("version"),
        "codename": None,
        "kernel": told.get("kernel-release"),
        "arch": told.get("machine"),
    }


def _set_timezone(report: Report, zone: t.Any, offset: t.Any) -> None:
    seconds = number(offset)
    if seconds is not None or text(zone):
        minutes = None if seconds is None else seconds // SECONDS_PER_MINUTE
        report.timezone = {"zone": text(zone), "offset": minutes}


def _set_disks(report: Report, pairs: t.Iterable[tuple[t.Any, t.Any]]) -> None:
    known = {(text(serial), text(name)) for serial, name in pairs if text(serial)}
    report.disks = [{"serial": serial, "name": name} for serial, name in sorted(known, key=str)]
