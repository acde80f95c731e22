# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The property collector: what a filter selects, pages of it, and update sets."""

from __future__ import annotations

import threading
import time
import typing as t
from dataclasses import dataclass, field

from lxml import etree

from . import xml
from .inventory import Inventory, Ref
from .xml import VimFault


@dataclass
class Spec:
    """A filter: the paths per type, whether the root folder itself is meant, and the view that is followed."""

    paths: dict[str, tuple[str, ...]]
    objects: list[Ref]
    view: Ref | None

    def paths_of(self, ref: Ref) -> tuple[str, ...] | None:
        """The paths for an object; those of ComputeResource also serve a cluster. None for an object not meant."""
        found = self.paths.get(ref.type)
        if found is None and ref.type == "ClusterComputeResource":
            found = self.paths.get("ComputeResource")
        return found


@dataclass
class Filter:
    """A filter whose changes are waited for: the objects it has shown, and up to which change."""

    ref: Ref
    spec: Spec
    known: set[Ref] = field(default_factory=set)
    seen: int = -1
    waiting: list[str] = field(default_factory=list)


@dataclass
class Collector:
    """A property collector of one session."""

    ref: Ref
    filters: list[Filter] = field(default_factory=list)
    version: int = 0
    truncated: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)


def read_spec(element: etree._Element, views: t.Mapping[Ref, tuple[str, ...]]) -> Spec:
    """A filter spec from a request."""
    paths: dict[str, tuple[str, ...]] = {}
    for item in xml.every(element, "propSet"):
        if xml.text(item, "all") == "true":
            raise VimFault("InvalidArgument", "<invalidProperty>all</invalidProperty>")
        paths[xml.text(item, "type")] = tuple(path.text or "" for path in xml.every(item, "pathSet"))
    objects, view = [], None
    for item in xml.every(element, "objectSet"):
        target = xml.ref(item, "obj")
        if target.type != "ContainerView":
            objects.append(target)
            continue
        if target not in views:
            raise VimFault("ManagedObjectNotFound", xml.reference("obj", target))
        traversal = xml.every(item, "selectSet")
        if len(traversal) != 1 or xml.text(traversal[0], "path") != "view" or xml.text(item, "skip") != "true":
            raise VimFault("InvalidArgument", "<invalidProperty>selectSet</invalidProperty>")
        view = target
    return Spec(paths, objects, view)


class Reader:
    """Answers filters from an inventory."""

    def __init__(self, inventory: Inventory, unknown: t.Container[str]) -> None:
        """``unknown`` are property paths that this server's API does not have."""
        self.inventory = inventory
        self.unknown = unknown

    def selected(self, spec: Spec, views: t.Mapping[Ref, tuple[str, ...]]) -> list[Ref]:
        """The objects that a filter means, in a stable order."""
        for ref in spec.objects:
            if self.inventory.entities[ref].hidden:
                raise VimFault("NoPermission", xml.reference("object", ref) + "<privilegeId>System.View</privilegeId>")
        found = list(spec.objects)
        if spec.view is not None:
            kinds = views[spec.view]
            found += [ref for ref in self.inventory.children(self.inventory.root) if fits(ref, kinds)]
        return [ref for ref in found if spec.paths_of(ref) is not None]

    def content(self, spec: Spec, ref: Ref) -> str:
        """One object with its properties, as RetrievePropertiesEx answers it."""
        entity = self.inventory.entities.get(ref)
        if entity is None:
            return ""
        sets, missing = [], []
        for path in spec.paths_of(ref) or ():
            self._known(path)
            if path in entity.missing:
                missing.append(xml.missing(path, entity.missing[path]))
            elif path in entity.properties:
                sets.append(f"<propSet><name>{path}</name>{xml.value(entity.properties[path])}</propSet>")
        return f"<objects>{xml.reference('obj', ref)}{''.join(sets)}{''.join(missing)}</objects>"

    def _known(self, path: str) -> None:
        if path in self.unknown:
            raise VimFault("InvalidProperty", f"<name>{path}</name>")

    def update(self, spec: Spec, ref: Ref, kind: str, paths: t.Iterable[str] | None = None) -> str:
        """One object of an update set."""
        changes, missing = [], []
        if kind != "leave":
            entity = self.inventory.entities[ref]
            for path in spec.paths_of(ref) or ():
                self._known(path)
                if paths is not None and path not in paths:
                    continue
                if path in entity.missing:
                    missing.append(xml.missing(path, entity.missing[path]))
                elif path in entity.properties:
                    changes.append(
                        f"<changeSet><name>{path}</name><op>assign</op>{xml.value(entity.properties[path])}</changeSet>"
                    )
                elif paths is not None:
                    # Unset now: an assignment without a value.
                    changes.append(f"<changeSet><name>{path}</name><op>assign</op></changeSet>")
        inside = f"<kind>{kind}</kind>{xml.reference('obj', ref)}{''.join(changes)}{''.join(missing)}"
        return f"<objectSet>{inside}</objectSet>"

    def collect_changes(self, target: Filter, views: t.Mapping[Ref, tuple[str, ...]]) -> None:
        """Put what happened since the last time into the filter's queue. Called with the inventory's lock held."""
        happened = [change for change in self.inventory.changes if change.number > target.seen]
        first = target.seen < 0
        target.seen = self.inventory.changes[-1].number if self.inventory.changes else 0
        wanted = self.selected(target.spec, views)
        if first:
            happened = []
        there = set(wanted)
        for change in happened:
            if change.kind == "modify" and change.ref in there and change.ref in target.known:
                paths = set(change.paths) & set(target.spec.paths_of(change.ref) or ())
                if paths:
                    target.waiting.append(self.update(target.spec, change.ref, "modify", paths))
        for ref in wanted:
            if ref not in target.known:
                target.waiting.append(self.update(target.spec, ref, "enter"))
        for ref in sorted(target.known - there, key=lambda gone: gone.id):
            target.waiting.append(self.update(target.spec, ref, "leave"))
        target.known = there


def fits(ref: Ref, kinds: t.Container[str]) -> bool:
    """Does a view of these types show this object?"""
    return ref.type in kinds or (ref.type == "ClusterComputeResource" and "ComputeResource" in kinds)


def wait(
    collector: Collector,
    reader: Reader,
    views: t.Mapping[Ref, tuple[str, ...]],
    version: str,
    seconds: float | None,
    most: int | None,
    stopping: threading.Event,
) -> str:
    """WaitForUpdatesEx: the update set as XML, empty when nothing happened in time."""
    if version == "":
        for target in collector.filters:
            target.known.clear()
            target.waiting.clear()
            target.seen = -1
    elif version != str(collector.version):
        raise VimFault("InvalidCollectorVersion")
    deadline = None if seconds is None else time.monotonic() + seconds
    changed = reader.inventory.changed
    with changed:
        while True:
            for target in collector.filters:
                reader.collect_changes(target, views)
            if any(target.waiting for target in collector.filters):
                break
            left = 0.1 if deadline is None else min(0.1, deadline - time.monotonic())
            if left <= 0 or stopping.is_set():
                return ""
            if collector.cancelled.is_set():
                collector.cancelled.clear()
                raise VimFault("RequestCanceled")
            changed.wait(left)
        collector.version += 1
        room = most or len(collector.filters[0].waiting)
        sets = []
        for target in collector.filters:
            now, target.waiting = target.waiting[:room], target.waiting[room:]
            if now:
                sets.append(f"<filterSet>{xml.reference('filter', target.ref)}{''.join(now)}</filterSet>")
        truncated = any(target.waiting for target in collector.filters)
    return (
        f"<returnval><version>{collector.version}</version>{''.join(sets)}"
        f"<truncated>{str(truncated).lower()}</truncated></returnval>"
    )
