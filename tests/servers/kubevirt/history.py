# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What has happened in a cluster, as etcd keeps it for some minutes: one event for each change to an object."""

from __future__ import annotations

import threading
import typing as t
from dataclasses import dataclass, field

Object = dict[str, t.Any]
# Resource, namespace, name.
Key = tuple[str, str, str]


class Thing(t.Protocol):
    """An object of the cluster."""

    name: str

    def document(self, version: int) -> Object:
        """It as it is now."""


class Event(t.NamedTuple):
    """A change.

    Attributes:
        kind: ADDED, MODIFIED or DELETED.
        document: the object after it; its last state when it was deleted.
    """

    version: int
    kind: str
    key: Key
    document: Object


@dataclass
class History:
    """The events of a cluster.

    Attributes:
        oldest: what happened at this version and before it is forgotten.
        changed: held while the cluster changes; notified when it has.
    """

    oldest: int = 0
    changed: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))
    _events: list[Event] = field(default_factory=list)
    _known: dict[Key, Object] | None = None
    _versions: dict[Key, int] = field(default_factory=dict)

    def begin(self, things: t.Mapping[str, t.Sequence[Thing]], version: int) -> None:
        """This is how it is at the beginning."""
        self._known = _documents(things)
        self.oldest = version - 1
        self._versions = dict.fromkeys(self._known, version)

    def note(self, things: t.Mapping[str, t.Sequence[Thing]], version: int) -> int:
        """Find out what has changed; the version that the cluster has now."""
        if self._known is None:
            return version
        now = _documents(things)
        for key, document in {**self._known, **now}.items():
            if self._known.get(key) == now.get(key):
                continue
            kind = "ADDED" if key not in self._known else "MODIFIED" if key in now else "DELETED"
            version += 1
            self._versions[key] = version
            self._events.append(Event(version, kind, key, _at(document, version)))
        self._known = now
        self.changed.notify_all()
        return version

    def forget(self, version: int) -> None:
        """Forget all up to this version."""
        with self.changed:
            self.oldest = version
            self._events = [event for event in self._events if event.version > version]
            self.changed.notify_all()

    def since(self, version: int, resource: str, namespace: str | None) -> list[Event]:
        """What happened to these objects after a version."""
        with self.changed:
            return [
                event
                for event in self._events
                if event.version > version and event.key[0] == resource and namespace in (None, event.key[1])
            ]

    def version_of(self, resource: str, namespace: str, name: str, otherwise: int) -> int:
        """At which version an object was changed last."""
        return self._versions.get((resource, namespace, name), otherwise)

    def wake(self) -> None:
        """Let everybody who watches look again."""
        with self.changed:
            self.changed.notify_all()


def _documents(things: t.Mapping[str, t.Sequence[Thing]]) -> dict[Key, Object]:
    return {
        (resource, getattr(thing, "namespace", ""), thing.name): thing.document(0)
        for resource, several in things.items()
        for thing in several
    }


def _at(document: Object, version: int) -> Object:
    return {**document, "metadata": {**document["metadata"], "resourceVersion": str(version)}}
