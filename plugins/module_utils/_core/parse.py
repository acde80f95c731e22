# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading a mapping that came from outside, strictly. Private to this collection.

The shape is the one that ``Mapping.to_dict`` writes. Every error names the place:
``mappings[1].hypervisors[3].guests[0].uuid``.
"""

from __future__ import annotations

import math
import typing as t
from datetime import datetime, timezone

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    BACKENDS,
    STATE_WORDS,
    FactValue,
    Guest,
    GuestState,
    Hypervisor,
    Mapping,
    Skipped,
    is_fact,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

_GUEST_KEYS = frozenset({"uuid", "name", "state"})
_HYPERVISOR_KEYS = frozenset({"id", "uuid", "name", "cluster", "parent", "facts", "guests"})
_MAPPING_KEYS = frozenset({"backend", "source", "collected_at", "hypervisors", "skipped", "unplaced"})


def parse_mappings(value: object, path: str = "mappings") -> list[Mapping]:
    """Read the option ``mappings``: a list of mappings.

    Raises:
        InvalidInput: it is not in shape; the text names the place.
    """
    return [parse_mapping(item, f"{path}[{index}]") for index, item in enumerate(_list(value, path))]


def parse_mapping(value: object, path: str = "mapping") -> Mapping:
    """Read one mapping.

    Raises:
        InvalidInput: it is not in shape; the text names the place. A mapping whose ``hypervisors`` is missing or null
        is refused:
            it is the answer of a source that failed, and to report it would empty the receiver.
    """
    data = _dict(value, path)
    if data.get("hypervisors") is None:
        raise InvalidInput(
            f"{path}.hypervisors is missing or null; the source did not answer in full, collect it again"
        )
    backend = _text(data, "backend", path)
    if backend not in BACKENDS:
        raise InvalidInput(f"{path}.backend is {shown(backend)}, but must be one of {', '.join(BACKENDS)}")
    return Mapping(
        backend=backend,
        source=_text(data, "source", path),
        collected_at=_moment(data.get("collected_at"), f"{path}.collected_at"),
        hypervisors=[
            _hypervisor(item, f"{path}.hypervisors[{index}]")
            for index, item in enumerate(_list(data["hypervisors"], f"{path}.hypervisors"))
        ],
        skipped=[
            _skipped(item, f"{path}.skipped[{index}]")
            for index, item in enumerate(_list(_given(data, "skipped", []), f"{path}.skipped"))
        ],
        unplaced=_guests(_given(data, "unplaced", []), f"{path}.unplaced"),
        extra=_extra(data, _MAPPING_KEYS),
    )


def _hypervisor(value: object, path: str) -> Hypervisor:
    data = _dict(value, path)
    guests = data.get("guests")
    return Hypervisor(
        id=_text(data, "id", path),
        uuid=_optional_text(data, "uuid", path),
        name=_optional_text(data, "name", path),
        cluster=_optional_text(data, "cluster", path),
        parent=_optional_text(data, "parent", path),
        facts=_facts(_given(data, "facts", {}), f"{path}.facts"),
        guests=None if guests is None else _guests(guests, f"{path}.guests"),
        extra=_extra(data, _HYPERVISOR_KEYS),
    )


def _guests(value: object, path: str) -> list[Guest]:
    guests = []
    for index, item in enumerate(_list(value, path)):
        # The path is only put together when it is needed: this runs once for each of 40,000 guests.
        if isinstance(item, dict) and item.keys() == _GUEST_KEYS:
            uuid, name, word = item.get("uuid"), item.get("name"), item.get("state")
            if (
                isinstance(uuid, str)
                and uuid.strip()
                and (name is None or isinstance(name, str))
                and word in STATE_WORDS
            ):
                guests.append(Guest(uuid, name, GuestState.from_word(t.cast(str, word))))
                continue
        guests.append(_guest(item, f"{path}[{index}]"))
    return guests


def _guest(value: object, path: str) -> Guest:
    data = _dict(value, path)
    word = data.get("state")
    if word is None:
        word = GuestState.UNKNOWN.word
    if not isinstance(word, str) or word not in STATE_WORDS:
        raise InvalidInput(f"{path}.state is {shown(word)}, but must be one of {', '.join(STATE_WORDS)}")
    return Guest(
        uuid=_text(data, "uuid", path),
        name=_optional_text(data, "name", path),
        state=GuestState.from_word(str(word)),
        extra=_extra(data, _GUEST_KEYS),
    )


def _skipped(value: object, path: str) -> Skipped:
    data = _dict(value, path)
    # An empty name is no reason to refuse the whole mapping: this entry only tells what was left out of it.
    kind, name, reason = (_optional_text(data, key, path) or "" for key in ("kind", "name", "reason"))
    return Skipped(kind, name, reason)


def _facts(value: object, path: str) -> dict[str, FactValue]:
    facts: dict[str, FactValue] = {}
    for key, fact in _dict(value, path).items():
        if fact is None:
            continue  # not told; a fact that is not told is absent
        if not is_fact(fact):
            raise InvalidInput(f"{path}[{shown(key)!r}] must be a text, a number or a boolean, not {_kind(fact)}")
        facts[key] = str(fact) if isinstance(fact, str) else fact
    return facts


def _moment(value: object, path: str) -> str:
    """A moment as UTC text; YAML readers hand over unquoted ones as datetime objects."""
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            moment = None
    if not isinstance(moment, datetime):
        raise InvalidInput(f"{path} must be a moment such as 2026-11-21T08:00:00Z, not {shown(value)}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    try:
        moment = moment.astimezone(timezone.utc)
    except OverflowError as exc:
        raise InvalidInput(f"{path} is {shown(value)}, which lies outside the years 1 to 9999") from exc
    # Years have four digits, so that moments can be compared as texts.
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _given(data: dict[str, t.Any], key: str, default: t.Any) -> t.Any:
    """The value; the default when it is missing or null. What is merely empty, such as a text, is still checked."""
    value = data.get(key)
    return default if value is None else value


def _text(data: dict[str, t.Any], key: str, path: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        raise InvalidInput(f"{path}.{key} must be a text, not {_kind(value)}")
    if not value.strip():
        raise InvalidInput(f"{path}.{key} is empty")
    return str(value)


def _optional_text(data: dict[str, t.Any], key: str, path: str) -> str | None:
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidInput(f"{path}.{key} must be a text or null, not {_kind(value)}")
    return str(value)


def _extra(data: dict[str, t.Any], known: frozenset[str]) -> dict[str, t.Any]:
    return {key: value for key, value in data.items() if key not in known}


def _dict(value: object, path: str) -> dict[str, t.Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{path} must be a dictionary, not {_kind(value)}")
    for key in value:
        if not isinstance(key, str):
            raise InvalidInput(f"{path} has the key {shown(key)}, which is {_kind(key)} and must be a text")
    return value


def _list(value: object, path: str) -> list[t.Any]:
    if not isinstance(value, (list, tuple)):
        raise InvalidInput(f"{path} must be a list, not {_kind(value)}")
    return list(value)


def _kind(value: object) -> str:
    if value is None:
        return "null (or missing)"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, float) and not math.isfinite(value):
        return "no number"
    names = {str: "a text", int: "a number", float: "a number", dict: "a dictionary", list: "a list"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), f"a {type(value).__name__}")
