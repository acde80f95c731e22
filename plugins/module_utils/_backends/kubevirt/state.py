# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The objects of a cluster, kept up to date by its events. Private to this collection.

Of each object only what it means is kept. Most events change nothing of that: nodes tell their health all the time, and
guests their addresses.
"""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.client import Parts, nodes_with
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.convert import (
    Instances,
    Machines,
    text_at,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.events import Event
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.options import Wishes
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Host

Key = tuple[t.Optional[str], t.Optional[str]]
# The larger parts of a node, which nobody looks at.
_NOISE = {"metadata": frozenset({"managedFields", "annotations"}), "status": frozenset({"images", "volumesAttached"})}

K = t.TypeVar("K")


class Table(t.Generic[K]):
    """The objects of one list.

    Args:
        keep: what is kept of an object.
        meaning: what two of these must have in common to mean the same.

    Attributes:
        items: what is kept, by namespace and name.
    """

    def __init__(self, keep: t.Callable[[object], K], meaning: t.Callable[[K], object]) -> None:
        self.items: dict[Key, K] = {}
        self._keep = keep
        self._meaning = meaning

    def add(self, item: object) -> None:
        """Take an object of the list."""
        key = _key(item)
        # Each object has a name; what has none is told as it is, and never changes.
        self.items[key if key[1] else (f"#{len(self.items)}", None)] = self._keep(item)

    def take(self, event: Event) -> bool:
        """Take an event in; whether anything is different now."""
        key = _key(event.item)
        if event.kind == "DELETED":
            return self.items.pop(key, None) is not None
        before, after = self.items.get(key), self._keep(event.item)
        self.items[key] = after
        return before is None or self._meaning(before) != self._meaning(after)


class KeptNode(t.NamedTuple):
    """What is kept of a node.

    Attributes:
        item: it, without what nobody looks at.
        host: what it means without guests.
    """

    item: object
    host: Host


class State:
    """What a cluster has told so far, one table for each list.

    Attributes:
        nodes: None where the account may not list them.
        changed: held while tables change; notified when something is different.
    """

    def __init__(self, wishes: Wishes) -> None:
        self.machines: list[Table[Machines]] = []
        self.instances: list[Table[Instances]] = []
        self.nodes: Table[KeptNode] | None = None
        self.changed = threading.Condition()
        self._wishes = wishes

    def new_machines(self) -> Table[Machines]:
        """A table of definitions."""
        return Table(_machine, vars)

    def new_instances(self) -> Table[Instances]:
        """A table of instances."""
        return Table(_instance, vars)

    def new_nodes(self) -> Table[KeptNode]:
        """A table of nodes."""
        return Table(self._node, lambda kept: kept.host)

    def parts(self) -> Parts:
        """All of it, as listing tells it."""
        machines, instances = Machines(), Instances()
        for definitions in self.machines:
            for machine in definitions.items.values():
                machines.take(machine)
        for running in self.instances:
            for instance in running.items.values():
                instances.take(instance)
        if self.nodes is None:
            return Parts(machines, instances, None)
        nodes = nodes_with(instances, self._wishes)
        for kept in self.nodes.items.values():
            nodes.add(kept.item)
        return Parts(machines, instances, nodes)

    def _node(self, item: object) -> KeptNode:
        lean = item
        if isinstance(item, dict):
            lean = dict(item)
            for name, noise in _NOISE.items():
                part = item.get(name)
                if isinstance(part, dict):
                    lean[name] = {key: value for key, value in part.items() if key not in noise}
        return KeptNode(lean, nodes_with(Instances(), self._wishes).host(lean))


def _machine(item: object) -> Machines:
    found = Machines()
    found.add(item)
    return found


def _instance(item: object) -> Instances:
    found = Instances()
    found.add(item)
    return found


def _key(item: object) -> Key:
    return text_at(item, "metadata", "namespace"), text_at(item, "metadata", "name")
