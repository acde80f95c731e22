# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From messages of the oVirt protocol to the shape. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.shape import Report
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.values import entries, number, text, texts

Arguments = t.Mapping[str, t.Any]
KIB = 1024
SESSIONS = {
    "session-logon": "logged_on",
    "session-lock": "locked",
    "session-unlock": "active",
    "session-logoff": "logged_off",
}
MEMORY = {
    "mem_total": "total",
    "mem_free": "free",
    "mem_unused": "unused",
    "mem_buffers": "buffers",
    "mem_cached": "cached",
    "swap_total": "swap_total",
    "swap_usage": "swap_used",
}


def take(report: Report, name: str, arguments: Arguments) -> bool:
    """Put what a message says into the report; return whether the message is one of the protocol."""
    if name in SESSIONS:
        report.session = SESSIONS[name]
        return True
    handler = _HANDLERS.get(name)
    if handler is not None:
        handler(report, arguments)
    return handler is not None


def _heartbeat(report: Report, arguments: Arguments) -> None:
    given = arguments.get("memory-stat")
    _memory(report, {"memory": given} if isinstance(given, dict) else {})


def _memory(report: Report, arguments: Arguments) -> None:
    given = arguments.get("memory")
    if isinstance(given, dict):
        values = {key: number(given.get(key)) for key in MEMORY}
        report.memory = {MEMORY[key]: value * KIB for key, value in values.items() if value is not None}


def _host_name(report: Report, arguments: Arguments) -> None:
    report.hostname = text(arguments.get("name"))


def _fqdn(report: Report, arguments: Arguments) -> None:
    report.fqdn = text(arguments.get("fqdn"))


def _os_version(report: Report, arguments: Arguments) -> None:
    report.os.setdefault("kernel", text(arguments.get("version")))


def _os_info(report: Report, arguments: Arguments) -> None:
    keys = {
        "type": "type",
        "name": "distribution",
        "version": "version",
        "codename": "codename",
        "kernel": "kernel",
        "arch": "arch",
    }
    report.os = {key: text(arguments.get(word)) for key, word in keys.items()}


def _timezone(report: Report, arguments: Arguments) -> None:
    report.timezone = {"zone": text(arguments.get("zone")), "offset": number(arguments.get("offset"))}


def _interfaces(report: Report, arguments: Arguments) -> None:
    report.interfaces = [
        {
            "name": text(entry.get("name")),
            "hw": text(entry.get("hw")),
            "inet": texts(entry.get("inet")),
            "inet6": texts(entry.get("inet6")),
        }
        for entry in entries(arguments.get("interfaces"))
    ]


def _applications(report: Report, arguments: Arguments) -> None:
    report.applications = texts(arguments.get("applications"))


def _containers(report: Report, arguments: Arguments) -> None:
    report.containers = [
        {
            **{key: text(entry.get(key)) for key in ("id", "image", "command", "status")},
            "names": texts(entry.get("names")),
        }
        for entry in entries(arguments.get("list"))
    ]


def _disks(report: Report, arguments: Arguments) -> None:
    report.filesystems = [
        {
            "path": text(entry.get("path")),
            "fs": text(entry.get("fs")),
            "total": number(entry.get("total")),
            "used": number(entry.get("used")),
        }
        for entry in entries(arguments.get("disks"))
    ]
    mapping = arguments.get("mapping")
    pairs = sorted(mapping.items()) if isinstance(mapping, dict) else []
    report.disks = [
        {"serial": serial, "name": text(disk.get("name"))} for serial, disk in pairs if isinstance(disk, dict)
    ]


def _user(report: Report, arguments: Arguments) -> None:
    name = text(arguments.get("name"))
    # Nobody is the text None.
    report.users = [name] if name and name != "None" else []


def _processors(report: Report, arguments: Arguments) -> None:
    count = number(arguments.get("count"))
    report.cpus = count if count and count > 0 else None


def _uninstalled(report: Report, _arguments: Arguments) -> None:
    report.applications = []


def _nothing(_report: Report, _arguments: Arguments) -> None:
    """A message that says only that it came."""


_HANDLERS: dict[str, t.Callable[[Report, Arguments], None]] = {
    "heartbeat": _heartbeat,
    "memory-stats": _memory,
    "host-name": _host_name,
    "fqdn": _fqdn,
    "os-version": _os_version,
    "os-info": _os_info,
    "timezone": _timezone,
    "network-interfaces": _interfaces,
    "applications": _applications,
    "containers": _containers,
    "disks-usage": _disks,
    "active-user": _user,
    "number-of-cpus": _processors,
    "uninstalled": _uninstalled,
    "session-startup": _nothing,
    "session-shutdown": _nothing,
    "completion": _nothing,
    "echo": _nothing,
}
