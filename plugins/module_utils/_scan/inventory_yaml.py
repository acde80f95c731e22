# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A store that is an Ansible inventory in YAML: comments, order and foreign variables stay as they are. Private."""

from __future__ import annotations

import io
import re
import traceback
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput, MissingLibrary
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._scan.decide import Known
from ansible_collections.virtmap.core.plugins.module_utils._scan.files import read_text, replace_all
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest
from ansible_collections.virtmap.core.plugins.module_utils._scan.store import Store, broken, unprintable

try:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, TaggedScalar
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.scalarstring import SingleQuotedScalarString
except ImportError:
    RUAMEL_ERROR: str | None = traceback.format_exc()
else:
    RUAMEL_ERROR = None

GROUP = "vm"
# The words that become host variables.
WORDS = ("vmhost", "vmcpus", "vmmemory", "vmnics", "vmstorage")
_NUMBERS = ("vmcpus", "vmmemory")
# Ansible evaluates variables of an inventory as templates.
_TEMPLATE = re.compile(r"\{[{%#]")
_RESERVED = frozenset({"all", "ungrouped", "localhost", "127.0.0.1", "::1"})
_START = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*---[ \t]*(?:#[^\n]*)?\n")
_WIDEST = 2**20

# Words that Ansible's reader of YAML does not take for text.
_NO_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_SAFE_TEXT = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")

Tree = t.Any


@dataclass
class _Place:
    """Where a host stands: in which group's hosts, under which key, with which variables of that group."""

    hosts: Tree
    key: t.Any
    inherited: Tree

    def own(self, word: str) -> t.Any:
        entry = self.hosts.get(self.key)
        return None if entry is None else entry.get(word)

    def effective(self, word: str) -> t.Any:
        value = self.own(word)
        return self.inherited.get(word) if value is None and not self._has(word) else _empty(value)

    def _has(self, word: str) -> bool:
        entry = self.hosts.get(self.key)
        return entry is not None and word in entry


def require_library() -> None:
    """See that what reads and writes such an inventory is there.

    Raises:
        MissingLibrary: ruamel.yaml is not installed.
    """
    if RUAMEL_ERROR is not None:
        raise MissingLibrary(
            "ruamel.yaml",
            reason="to change an inventory in YAML without losing its comments",
            traceback=RUAMEL_ERROR,
        )


class InventoryYaml(Store):
    """An inventory file.

    Args:
        path: of the file; it need not be there.

    Raises:
        MissingLibrary: ruamel.yaml is not installed.
        InvalidInput: the file cannot be read, is no YAML or no inventory.
    """

    def __init__(self, path: Path) -> None:
        require_library()
        self._path = path
        self._text = read_text(path)
        self._yaml = YAML()
        self._yaml.preserve_quotes = True
        self._yaml.width = _WIDEST
        # ruamel.yaml drops comments in front of the mark where a document starts.
        start = _START.match(self._text or "")
        self._start = "---\n" if not self._text else start.group() if start else ""
        self._tree: Tree = self._load((self._text or "")[len(self._start) :])
        self._places: dict[str, list[_Place]] = {}
        self._groups: dict[str, Tree] = {}
        for name, group in self._tree.items():
            self._read_group(str(name), group)
        owners = (_best(places).effective("vmhost") for places in self._places.values())
        self._hypervisors = {_plain(owner) for owner in owners}
        self._changed = False

    def lookup(self, name: str) -> Known | None:
        places = self._places.get(name)
        if places is None:
            return None
        host = _plain(_best(places).effective("vmhost"))
        if host is None:
            return Known(None)
        return Known(host, "its vmhost in the store is a template" if _TEMPLATE.search(host) else None)

    def taken(self, name: str) -> str | None:
        if name in _RESERVED:
            return "Ansible gives this name a meaning of its own"
        if name == GROUP or name in self._groups:
            return "a group of the inventory has this name"
        return "a hypervisor in the store has this name" if name in self._hypervisors else None

    def refuses(self, guest: ScannedGuest) -> str | None:
        return unprintable(guest.attributes())

    def add(self, guest: ScannedGuest) -> None:
        place = _Place(self._hosts_of_group(), _scalar(guest.name or ""), CommentedMap())
        self._changed = True
        _set(place, guest)

    def update(self, guest: ScannedGuest) -> bool:
        changed = _set(_best(self._places[guest.name or ""]), guest)
        self._changed = self._changed or changed
        return changed

    def texts(self) -> list[tuple[str, str, str]]:
        return [(str(self._path), self._text or "", self._render())] if self._changed else []

    def save(self, *, backup: bool) -> list[str]:
        return replace_all({self._path: self._render()}, backup=backup) if self._changed else []

    # -- reading

    def _load(self, text: str) -> Tree:
        try:
            self._yaml.indent(**_indentation(text))
            tree = self._yaml.load(text)
        except MarkedYAMLError as exc:
            mark = exc.problem_mark or exc.context_mark
            raise self._broken(mark.line if mark else 0, shown(exc.problem or "it is no YAML")) from exc
        except YAMLError as exc:
            raise self._broken(0, shown(str(exc).strip().splitlines()[0])) from exc
        if tree is None:
            return CommentedMap()
        if not isinstance(tree, CommentedMap):
            raise self._broken(0, "it is no dictionary of groups")
        return tree

    def _read_group(self, name: str, group: Tree) -> None:
        if group is None:
            self._groups.setdefault(name, group)
            return
        self._check(group, f"the group {shown(name)}")
        if name not in self._groups or self._groups[name] is None or "hosts" in group:
            self._groups[name] = group
        variables = group.get("vars")
        if variables is not None:
            self._check(variables, f"vars of the group {shown(name)}")
        hosts = group.get("hosts")
        if hosts is not None:
            self._check(hosts, f"hosts of the group {shown(name)}")
            for host, entry in hosts.items():
                if entry is not None:
                    self._check(entry, f"the host {shown(host)}")
                place = _Place(hosts, host, CommentedMap() if variables is None else variables)
                self._places.setdefault(str(host), []).append(place)
        children = group.get("children")
        if children is not None:
            self._check(children, f"children of the group {shown(name)}")
            for child, content in children.items():
                self._read_group(str(child), content)

    def _check(self, value: Tree, what: str) -> None:
        if not isinstance(value, CommentedMap):
            line = getattr(getattr(value, "lc", None), "line", None)
            raise self._broken(line or 0, f"{what} is no dictionary")

    def _broken(self, line: int, reason: str) -> InvalidInput:
        return broken(self._path, self._start.count("\n") + line + 1, reason)

    # -- writing

    def _hosts_of_group(self) -> Tree:
        group = self._groups.get(GROUP)
        if group is None:
            # The group is nowhere, or stands somewhere without content.
            group = CommentedMap()
            self._groups[GROUP] = group
            parent = self._parent_of_new_group()
            parent[GROUP] = group
        if group.get("hosts") is None:
            group["hosts"] = CommentedMap()
        return group["hosts"]

    def _parent_of_new_group(self) -> Tree:
        everything = self._tree.get("all")
        if not isinstance(everything, CommentedMap):
            return self._tree
        if everything.get("children") is None:
            everything["children"] = CommentedMap()
        return everything["children"]

    def _render(self) -> str:
        stream = io.StringIO()
        self._yaml.dump(self._tree, stream)
        return self._start + stream.getvalue()


def _indentation(text: str) -> dict[str, int]:
    """How far dictionaries and lists are indented in a file, as far as it tells, in ruamel.yaml's terms."""
    found: dict[str, int] = {}
    key: int | None = None
    for line in text.splitlines():
        content = line.lstrip(" ")
        if not content or content.startswith("#"):
            continue
        at = len(line) - len(content)
        if key is not None and content.startswith("- "):
            dash = at - key
            found.setdefault("offset", dash)
            found.setdefault("sequence", dash + len(content) - len(content[1:].lstrip(" ")))
        elif key is not None and at > key:
            found.setdefault("mapping", at - key)
        key = at if content.partition(" #")[0].rstrip().endswith(":") else None
    return found


def _best(places: list[_Place]) -> _Place:
    """Of the places of a host the one that says on which hypervisor it is: itself, else by its group."""
    own = [place for place in places if place.own("vmhost") is not None]
    inherited = [place for place in places if place.effective("vmhost") is not None]
    return (own or inherited or places)[0]


def _set(place: _Place, guest: ScannedGuest) -> bool:
    """Set what is told of a guest where it differs."""
    told = guest.attributes()
    wanted = {word: _number(told[word]) if word in _NUMBERS else told[word] for word in WORDS if word in told}
    different = {w: value for w, value in wanted.items() if _plain(place.effective(w)) != str(value)}
    if not different:
        return False
    entry = place.hosts.get(place.key)
    if entry is None:
        entry = CommentedMap()
        place.hosts[place.key] = entry
    for word, value in different.items():
        entry[word] = _scalar(value) if isinstance(value, str) else value
    return True


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _scalar(text: str) -> t.Any:
    """A text that Ansible reads as just that text: not as a number, a boolean or a template."""
    if _TEMPLATE.search(text):
        return TaggedScalar(text, style="'", tag="!unsafe")
    if _SAFE_TEXT.fullmatch(text) and text.lower() not in _NO_TEXT:
        return text
    return SingleQuotedScalarString(text)


def _plain(value: t.Any) -> str | None:
    if value is None:
        return None
    return str(getattr(value, "value", value))


def _empty(value: t.Any) -> t.Any:
    """A word without a value (``vmhost:``) is an empty one."""
    return "" if value is None else value
