# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A store that is xCAT itself, through its own commands. Private to this collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, NotFound, told
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._scan.broken_line import BrokenLine
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest, smbios_order
from ansible_collections.virtmap.core.plugins.module_utils._scan.stanza import StanzaStore
from ansible_collections.virtmap.core.plugins.module_utils._scan.stanza_text import HEAD, block

# Gets a command and its input; gives exit code, output and errors.
Run = t.Callable[[list[str], str], tuple[int, str, str]]
Find = t.Callable[[str], t.Optional[str]]
Nodes = dict[str, dict[str, str]]
_COMMANDS = ("lsdef", "mkdef", "chdef", "chtab")
# What lsdef says in place of nodes when there are none.
_NOTHING = "Could not find any object definitions"
# What mkdef says of those that it made; older ones do not say how many.
_MADE = re.compile(r"(\d+) object definitions? ha(?:s|ve) been created or modified")


def find_commands(find: Find) -> dict[str, str]:
    """The paths of xCAT's commands by their names.

    Args:
        find: gives the path of a command, None where there is none.

    Raises:
        NotFound: xCAT is not installed here.
    """
    paths = {}
    for command in _COMMANDS:
        path = find(command)
        if path is None:
            raise NotFound(
                f"xCAT's command {command} is not on this host; run the task on the management node, as a user who "
                "has /opt/xcat/bin in PATH, or take another store_format"
            )
        paths[command] = path
    return paths


class XcatCommands(StanzaStore):
    """The nodes of the xCAT on this host, as ``lsdef`` shows them: with values of groups and rules worked out.

    Only what differs is written, so that what a group says is not written into a node.

    Args:
        find: gives the path of a command, None where there is none.

    Raises:
        NotFound: xCAT is not installed here.
        BadAnswer, CannotConnect: a command failed, or took too long.
    """

    def __init__(self, run: Run, find: Find) -> None:
        self._run = run
        self._paths = find_commands(find)
        text = self._command("lsdef", "-t", "node", "-l", "-z")
        before, head, nodes = text.partition(HEAD)
        if not head and _NOTHING not in text:
            # Taken for an empty store, every guest would be new.
            raise BadAnswer(f"xCAT's lsdef printed no nodes, and did not say that there are none: {_said(text)}")
        try:
            super().__init__(head + nodes)
        except BrokenLine as exc:
            line = before.count("\n") + exc.line
            raise BadAnswer(f"xCAT's lsdef printed line {line}, which is no stanza: {exc.reason}") from exc
        self._new: Nodes = {}
        self._known: Nodes = {}
        self._before: Nodes = {}
        self._uuids: dict[str, str] = {}

    def add(self, guest: ScannedGuest) -> None:
        target = self._new if self._node(guest.name or "") is None else self._known
        self._write(guest, self._entry(guest), target)

    def update(self, guest: ScannedGuest) -> bool:
        return self._write(guest, guest.attributes(), self._known)

    def texts(self) -> list[tuple[str, str, str]]:
        # Nodes hold the passwords of service processors as well, so nothing is shown but what changes.
        after = {**self._new, **self._known}
        return [("nodes", _stanzas(self._before), _stanzas(after))] if after else []

    def save(self, *, backup: bool) -> list[str]:
        del backup  # xCAT keeps its own, with dumpxCATdb
        result = {"changed": False}
        with told(result):
            if self._new:
                text = self._command("mkdef", "-z", text=_stanzas(self._new))
                told_made = _MADE.search(text)
                made = int(told_made.group(1)) if told_made else len(self._new)
                result["changed"] = made > 0
                if made < len(self._new):
                    raise BadAnswer(f"xCAT's mkdef made {made} of {len(self._new)} nodes and said: {_said(text)}")
            if self._known:
                self._command("chdef", "-z", text=_stanzas(self._known, clear=True))
                result["changed"] = True
            for name, uuid in self._uuids.items():
                # There is no attribute for it.
                self._command("chtab", f"node={name}", f"vpd.uuid={uuid}")
        return []

    def _write(self, guest: ScannedGuest, wanted: dict[str, str], target: Nodes) -> bool:
        """Note what differs from what xCAT says; returns whether anything does."""
        name = guest.name or ""
        current = self._node(name) or {}
        different = {word: value for word, value in wanted.items() if current.get(word, "") != value}
        if not different:
            return False
        if current:
            self._before[name] = {word: current[word] for word in different if word in current}
        target[name] = different
        self._text.set(name, different)
        if guest.uuid is not None:
            self._uuids[name] = smbios_order(guest.uuid)
        return True

    def _command(self, name: str, *arguments: str, text: str = "") -> str:
        code, out, err = self._run([self._paths[name], *arguments], text)
        if code != 0:
            raise BadAnswer(f"xCAT's {name} failed with exit code {code} and said: {_said(err.strip() or out)}")
        return out


def _said(text: str) -> str:
    return shown(" ".join(text.split())) or "nothing"


def _stanzas(nodes: Nodes, *, clear: bool = False) -> str:
    """Nodes as mkdef and chdef read them.

    Args:
        clear: write an attribute that is empty as well, which takes away what it was.
    """
    lines = [HEAD]
    for name, attributes in nodes.items():
        lines += ["", *block(name, attributes)]
        lines += [f"    {word}=" for word, value in attributes.items() if clear and not value]
    return "\n".join(lines) + "\n"
