# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What ``registration.virt_notify`` does with a plan."""

from __future__ import annotations

import typing as t

from .state import Database, Info, System

VIRT_TYPES = frozenset({"para_virtualized", "fully_virtualized", "qemu", "vmware", "hyperv", "virtage"})
STATES = {
    "nostate": "running",
    "running": "running",
    "blocked": "running",
    "paused": "paused",
    "shutdown": "stopped",
    "shutoff": "stopped",
    "crashed": "crashed",
}
LONGEST_NAME = 128
_LONGEST_MESSAGE = 4000


class Skip(Exception):
    """An item that the server writes to its log and leaves out; the plan goes on."""


def normalized(uuid: t.Any) -> str | None:
    """A uuid as it is stored: 32 hex digits; None for none, which is the host itself.

    Raises:
        ValueError: not a number of base 16; dashes make it that.
        TypeError: not a text.
    """
    if uuid is None or uuid == "":
        return None
    number = int(uuid, 16)
    return format(number, "032x") if number else None


def new_info(properties: t.Mapping[str, t.Any]) -> Info | None:
    """The info row of a guest seen for the first time; there is none when its virt_type is not known."""
    name, state = properties["name"], STATES[properties["state"]]
    _check_name(name)
    if properties["virt_type"] not in VIRT_TYPES:
        return None
    vcpus, memory = _vcpus(properties.get("vcpus", 0)), int(properties.get("memory_size", 0))
    return Info(name, properties["virt_type"], state, vcpus, memory)


def apply(database: Database, reporter: System, actions: t.Any) -> None:
    """Apply the items of a plan in order.

    Raises:
        KeyError, ValueError, TypeError: become fault 1.
        RuntimeError: what the database refuses; becomes HTTP 500.
    """
    for item in actions:
        try:
            _apply_item(database, reporter, item)
        except Skip:
            continue


def _apply_item(database: Database, reporter: System, item: t.Any) -> None:
    if len(item) != 4:
        raise Skip("an item has four parts")
    _timestamp, action, target, properties = item
    handler = _HANDLERS.get((action, target))
    if handler is None:
        raise Skip(f"unknown: {action} {target}")
    handler(database, reporter, properties)


def _required(properties: t.Mapping[str, t.Any], *names: str) -> None:
    for name in names:
        if name not in properties:
            raise Skip(f"no {name}")


def _system_exists(database: Database, reporter: System, properties: t.Mapping[str, t.Any]) -> None:
    _required(properties, "identity", "uuid")
    virt_type = properties.get("virt_type", "para_virtualized")
    if properties["identity"] == "host":
        row = database.known(reporter.id, None)
        if row is None:
            database.add_instance(reporter.id, None, info=Info(None, virt_type, "unknown"))
        else:
            database.confirm(row, True)
    elif properties["identity"] == "guest":
        uuid = normalized(properties["uuid"])
        if not any(row.system == reporter.id for row in database.instances(uuid=uuid)):
            database.add_instance(None, uuid, system=reporter.id, info=Info(None, virt_type, "unknown"))
    else:
        raise Skip("unknown identity")


def _crawl_began(database: Database, reporter: System, _properties: t.Any) -> None:
    for row in database.instances(host=reporter.id):
        database.confirm(row, False)


def _crawl_ended(database: Database, reporter: System, _properties: t.Any) -> None:
    # Not of this host alone: a crawl that began and never ended is finished off by the next one of any host.
    for row in database.unconfirmed():
        if row.info is not None:
            database.set(row.info, state="stopped")
        if row.host == reporter.id:
            database.confirm(row, True)


def _domain_exists(database: Database, reporter: System, properties: t.Mapping[str, t.Any]) -> None:
    _required(properties, "uuid")
    uuid = normalized(properties["uuid"])
    row = database.known(reporter.id, uuid)
    if row is None:
        for name in ("name", "vcpus", "memory_size", "virt_type", "state"):
            _present(properties, name)
        database.add_instance(reporter.id, uuid, info=new_info(properties))
        return
    assert row.info is not None
    database.confirm(row, True)
    changes: dict[str, t.Any] = {}
    if "name" in properties:
        changes["name"] = _check_name(properties["name"])
    if "state" in properties:
        changes["state"] = STATES[properties["state"]]
    if "memory_size" in properties:
        changes["memory"] = int(properties["memory_size"])
    if "vcpus" in properties:
        changes["vcpus"] = _vcpus(properties["vcpus"])
    if "virt_type" in properties:
        if properties["virt_type"] not in VIRT_TYPES:
            raise RuntimeError("null value in column instance_type")
        changes["virt_type"] = properties["virt_type"]
    database.set(row.info, **changes)


def _domain_removed(database: Database, reporter: System, properties: t.Mapping[str, t.Any]) -> None:
    row = database.known(reporter.id, normalized(properties["uuid"]))
    if row is not None and row.info is not None:
        database.set(row.info, state="stopped")


def _log_message(_database: Database, _reporter: System, properties: t.Mapping[str, t.Any]) -> None:
    _required(properties, "id", "message")
    raise RuntimeError(f"no kickstart session for {str(properties['message'])[:_LONGEST_MESSAGE]!r}")


def _present(properties: t.Mapping[str, t.Any], name: str) -> t.Any:
    """A property without which a new guest cannot be stored; the KeyError is that of the server."""
    return properties[name]


def _check_name(name: str) -> str:
    if len(name) > LONGEST_NAME:
        raise RuntimeError("value too long for type character varying(128)")
    return name


def _vcpus(value: t.Any) -> int:
    # Written into an integer column as it is: the database converts it, or refuses.
    try:
        return int(value)
    except ValueError as error:
        raise RuntimeError("invalid input syntax for integer") from error


_HANDLERS: dict[tuple[t.Any, t.Any], t.Callable[[Database, System, t.Any], None]] = {
    ("exists", "system"): _system_exists,
    ("crawl_began", "system"): _crawl_began,
    ("crawl_ended", "system"): _crawl_ended,
    ("exists", "domain"): _domain_exists,
    ("removed", "domain"): _domain_removed,
    ("exists", "log_message"): _log_message,
}
