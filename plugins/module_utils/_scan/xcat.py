# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A store that is xCAT itself, through its own commands. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._scan.broken_line import BrokenLine
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest, smbios_order
from ansible_collections.virtmap.core.plugins.module_utils._scan.stanza import StanzaStore
from ansible_collections.virtmap.core.plugins.module_utils._scan.stanza_text import HEAD, block

# Gets a command and its input; gives exit code, output and errors.
Run = t.Callable[[list[str], str], tuple[int, str, str]]
_COMMANDS = ("lsdef", "mkdef", "chdef", "chtab")


class XcatCommands(StanzaStore):
    """The nodes of the xCAT on this host, as ``lsdef`` shows them: with values of groups and rules worked out.

    Args:
        find: gives the path of a command, None where there is none.

    Raises:
        NotFound: xCAT is not installed here.
        BadAnswer: a command failed.
    """

    def __init__(self, run: Run, find: t.Callable[[str], str | None]) -> None:
        self._run = run
        self._paths: dict[str, str] = {}
        for command in _COMMANDS:
            path = find(command)
            if path is None:
                raise NotFound(
                    f"xCAT's command {command} is not on this host; run the task on the management node, as a user who "
                    "has /opt/xcat/bin in PATH, or take another store_format"
                )
            self._paths[command] = path
        text = self._command("lsdef", "-t", "node", "-l", "-z")
        try:
            super().__init__(text if text.lstrip().startswith(HEAD) else "")
        except BrokenLine as exc:
            raise BadAnswer(f"xCAT's lsdef printed line {exc.line}, which is no stanza: {exc.reason}") from exc
        self._new: dict[str, dict[str, str]] = {}
        self._known: dict[str, dict[str, str]] = {}
        self._uuids: dict[str, str] = {}

    def add(self, guest: ScannedGuest) -> None:
        name = guest.name or ""
        target = self._known if self._node(name) is not None else self._new
        super().add(guest)
        target[name] = dict(self._node(name) or {})
        self._note_uuid(guest)

    def update(self, guest: ScannedGuest) -> bool:
        changed = super().update(guest)
        if changed:
            self._known[guest.name or ""] = guest.attributes()
            self._note_uuid(guest)
        return changed

    def save(self, *, backup: bool) -> list[str]:
        del backup  # xCAT keeps its own, with dumpxCATdb
        if self._new:
            self._command("mkdef", "-z", text=_stanzas(self._new))
        if self._known:
            self._command("chdef", "-z", text=_stanzas(self._known))
        for name, uuid in self._uuids.items():
            # There is no attribute for it.
            self._command("chtab", f"node={name}", f"vpd.uuid={uuid}")
        return []

    def _note_uuid(self, guest: ScannedGuest) -> None:
        if guest.uuid is not None:
            self._uuids[guest.name or ""] = smbios_order(guest.uuid)

    def _command(self, name: str, *arguments: str, text: str = "") -> str:
        code, out, err = self._run([self._paths[name], *arguments], text)
        if code != 0:
            said = shown(" ".join((err.strip() or out.strip()).split())) or "nothing"
            raise BadAnswer(f"xCAT's {name} failed with exit code {code} and said: {said}")
        return out


def _stanzas(nodes: t.Mapping[str, t.Mapping[str, str]]) -> str:
    lines = [HEAD]
    for name, attributes in nodes.items():
        lines += ["", *block(name, attributes)]
    return "\n".join(lines) + "\n"
