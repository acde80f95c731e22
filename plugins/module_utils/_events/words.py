# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Events as rulebooks see them. Private to this collection."""

from __future__ import annotations

import json
import re
import typing as t
import uuid

from ansible_collections.virtmap.core.plugins.module_utils._core.compare import Change
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Hypervisor
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

Event = dict[str, t.Any]
NAMESPACE = uuid.UUID("0c7d4c53-5d0b-4b8e-9a3e-0d8d5b1c9f27")
_TEMPLATE = re.compile(r"\{(?=[{%#])")


def inert(text: str) -> str:
    """Remote text in which nothing can begin a template: a space stands after each brace that would.

    Events become extra variables of playbooks, whose texts are templates with every ansible-core.
    """
    return _TEMPLATE.sub("{ ", text)


class Maker:
    """Makes events of what happened, each with an id of its own that is the same for everybody who saw it."""

    def __init__(self) -> None:
        self._last: set[str] = set()
        self._at = ""

    def event(self, kind: str, at: str, message: str, texts: t.Sequence[str] = (), **keys: t.Any) -> Event:
        """An event.

        Args:
            kind: the word in ``type``.
            at: when, as in ``collected_at``.
            message: one sentence for people.
            texts: JSON texts of mappings; they are inert already.
            keys: what else the event tells; texts are made inert.
        """
        event: Event = {"type": kind, "at": at}
        event.update({key: _plain(value) for key, value in keys.items()})
        event["message"] = inert(message)
        if texts:
            event["mappings"] = list(texts)
        event["meta"] = {"uuid": self._identity(at, json.dumps(event, sort_keys=True))}
        return event

    def _identity(self, at: str, content: str) -> str:
        """The same content at the same second is another event only when it comes twice."""
        if at != self._at:
            self._at, self._last = at, set()
        identity, count = str(uuid.uuid5(NAMESPACE, content)), 0
        while identity in self._last:
            count += 1
            identity = str(uuid.uuid5(NAMESPACE, f"{count} {content}"))
        self._last.add(identity)
        return identity

    def change(self, change: Change, at: str, hosts: t.Mapping[str, tuple[str, str, Hypervisor]]) -> Event:
        """The event of a change.

        Args:
            hosts: for the key of each hypervisor, its backend, its source and itself.
        """
        keys: Event = {"hypervisor": change.hypervisor}
        place = hosts.get(change.hypervisor.lower())
        if place is not None:
            backend, source, hypervisor = place
            keys.update(hypervisor_name=hypervisor.name, cluster=hypervisor.cluster, backend=backend, source=source)
        if change.guest is not None:
            keys.update(guest=change.guest, name=change.name, state=change.state)
        if change.previous_state is not None:
            keys["previous_state"] = change.previous_state
        if change.previous_hypervisor is not None:
            former = hosts.get(change.previous_hypervisor.lower())
            keys.update(
                previous_hypervisor=change.previous_hypervisor,
                previous_hypervisor_name=former[2].name if former else None,
            )
        return self.event(change.kind, at, _sentence(keys, change), **keys)


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return inert(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _sentence(keys: Event, change: Change) -> str:
    host = shown(keys.get("hypervisor_name") or change.hypervisor)
    guest = shown(change.name or change.guest)
    if change.kind == "guest_moved":
        former = shown(keys.get("previous_hypervisor_name") or change.previous_hypervisor)
        return f"guest {guest} moved from {former} to {host}"
    if change.kind == "guest_state":
        return f"guest {guest} on {host} is {change.state}, and was {change.previous_state}"
    return {
        "guest_appeared": f"guest {guest} appeared on {host}",
        "guest_gone": f"guest {guest} is gone from {host}",
        "hypervisor_appeared": f"hypervisor {host} appeared",
        "hypervisor_gone": f"hypervisor {host} is gone",
    }[change.kind]
