# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From the body of a check-in to hosts and guests, as strict (and as lenient) as the server's parser."""

from __future__ import annotations

import json
import typing as t

from .errors import bad_request
from .model import ReportedGuest, ReportedHost

NOTHING_SENT = "Host to guest mapping was not provided for hypervisor update."
NOT_A_MAPPING = "Invalid host to guest mapping was provided for hypervisor update."
NOTHING_SENT_SYNC = "Host to guest mapping was not provided for hypervisor check-in."


class BadMapping(ValueError):
    """The document is no host to guest mapping."""


class NullHypervisor(Exception):
    """The list holds a null: the parser lets it pass and the job stumbles over it."""


def parse_async(body: bytes, strict_guests: bool = True) -> list[ReportedHost]:
    """The hosts of ``POST /hypervisors/{owner}``.

    Raises ApiError 400 for an empty body and for a wrong document. ``strict_guests`` is the current behaviour towards a
    guest without ``guestId`` (400); older servers dropped it. A null among the hosts raises NullHypervisor.
    """
    if not body:
        raise bad_request(NOTHING_SENT)
    try:
        document = json.loads(body.decode("utf-8"))
        elements = _member(document, "hypervisors", list)
        if elements is None:
            raise BadMapping("no hypervisors")
        hosts = [_host(element, strict_guests) for element in elements if element is not None]
    except (ValueError, RecursionError) as error:
        raise bad_request(NOT_A_MAPPING) from error
    if None in elements:
        raise NullHypervisor
    return _last_of_each(host for host in hosts if host is not None)


def parse_sync(body: bytes) -> list[ReportedHost]:
    """The hosts of ``POST /hypervisors?owner=``: an object from hypervisor id to guests (strings or objects)."""
    try:
        document = json.loads(body.decode("utf-8")) if body else None
        if document is None:
            raise bad_request(NOTHING_SENT_SYNC)
        if not isinstance(document, dict):
            raise BadMapping("not an object")
        hosts = [
            ReportedHost(identifier, guests=_guests(_list(guests) or [], strict=False))
            for identifier, guests in document.items()
        ]
    except (ValueError, RecursionError) as error:
        raise bad_request(NOT_A_MAPPING) from error
    return _last_of_each(hosts)


def _last_of_each(hosts: t.Iterable[ReportedHost]) -> list[ReportedHost]:
    """By exact id, the last one wins; entries with an empty id are dropped."""
    return list({host.hypervisor_id: host for host in hosts if host.hypervisor_id}.values())


def _host(element: t.Any, strict_guests: bool) -> ReportedHost | None:
    """One element of ``hypervisors``; None for one without an id, which is skipped."""
    identifier = _member(element, "hypervisorId", dict)
    name = text(element.get("name"))
    guests = _member(element, "guestIds", list)
    facts = _member(element, "facts", dict)
    host = ReportedHost(
        text(identifier.get("hypervisorId")) or "" if identifier else "",
        name=name,
        guests=None if guests is None else _guests(guests, strict_guests, strings=False),
        facts=None if facts is None else {key: text(value) or "" for key, value in facts.items()},
    )
    return host if host.hypervisor_id else None


def _guests(elements: list[t.Any], strict: bool, strings: bool = True) -> list[ReportedGuest]:
    parsed = [guest(element, strict, strings) for element in elements]
    return [one for one in parsed if one.guest_id]


def guest(element: t.Any, strict: bool = False, strings: bool = True) -> ReportedGuest:
    """One guest: an object, or a bare id where ``strings`` are taken. Raises BadMapping."""
    if strings and isinstance(element, str):
        return ReportedGuest(element)
    if not isinstance(element, dict) or (strict and "guestId" not in element):
        raise BadMapping("not a guest")
    attributes = _member(element, "attributes", dict) or {}
    return ReportedGuest(text(element.get("guestId")) or "", {key: text(value) for key, value in attributes.items()})


def text(value: t.Any) -> str | None:
    """A scalar as the text that is stored; raises BadMapping for a list or an object."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raise BadMapping("nested value")


def _list(value: t.Any) -> list[t.Any] | None:
    if value is not None and not isinstance(value, list):
        raise BadMapping("not a list")
    return value


def _member(document: t.Any, name: str, kind: type) -> t.Any:
    """One member of an object: of this kind, or None where it is null or absent."""
    if not isinstance(document, dict):
        raise BadMapping("not an object")
    value = document.get(name)
    if value is not None and not isinstance(value, kind):
        raise BadMapping(f"{name} is of another kind")
    return value
