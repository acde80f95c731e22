# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The address of a libvirt daemon's admin interface. Private to this collection."""

from __future__ import annotations

import os
import typing as t
import urllib.parse
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

ADMIN_SERVER = "admin"
DAEMONS = (
    "libvirtd",
    "virtproxyd",
    "virtqemud",
    "virtlxcd",
    "virtxend",
    "virtvzd",
    "virtchd",
    "virtbhyved",
    "virtvboxd",
    "virtinterfaced",
    "virtnetworkd",
    "virtnodedevd",
    "virtnwfilterd",
    "virtsecretd",
    "virtstoraged",
    "virtlogd",
    "virtlockd",
)


@dataclass(frozen=True)
class DaemonUri:
    """One daemon of this host.

    Attributes:
        text: the URI as the library takes it.
        daemon: name of the daemon, which is also the name of its main server.
        session: whether it is the daemon of one user instead of the host's.
        socket: path of the admin socket when it is not the default one.
    """

    text: str
    daemon: str
    session: bool
    socket: str | None

    @classmethod
    def parse(cls, text: str) -> DaemonUri:
        """Read ``<daemon>:///system`` or ``<daemon>:///session``, with ``?socket=PATH`` where there is one.

        The library ignores a host name and does not name the transports that it lacks, so both are refused here.

        Raises:
            InvalidInput: it is something else.
        """
        parts = urllib.parse.urlsplit(text)
        query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        problem = _problem(parts, query)
        if problem:
            raise InvalidInput(f"uri {shown(text)}: {problem}")
        socket = query.get("socket", [None])[0]
        return cls(text, parts.scheme, parts.path == "/session", socket)

    def server(self, name: str | None) -> str:
        """The server that is meant: the one named, else the daemon's main one."""
        return self.daemon if name is None else name

    def config_file(self, path: str | None) -> str:
        """The configuration file of the daemon.

        Args:
            path: the file that the user names, None for the daemon's default.

        Raises:
            InvalidInput: the daemon listens on a socket of its own, so that nothing tells which file it reads.
        """
        if path is not None:
            return path
        if self.socket is not None:
            raise InvalidInput(
                f"{self.text}: a daemon with its own socket may read any configuration file, so say which in "
                "config_file"
            )
        folder = "/etc"
        if self.session:
            folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        return os.path.join(folder, "libvirt", f"{self.daemon}.conf")


def _problem(parts: urllib.parse.SplitResult, query: t.Mapping[str, list[str]]) -> str | None:
    daemon, _plus, transport = parts.scheme.partition("+")
    if transport or parts.netloc:
        return (
            "the admin interface is a local socket, so run the task on the host of the daemon instead of naming a "
            "host or transport"
        )
    if daemon not in DAEMONS:
        return f"it must begin with the name of a libvirt daemon and :///, the names are {', '.join(DAEMONS)}"
    if parts.path not in ("/system", "/session"):
        return "its path must be /system or /session"
    if set(query) - {"socket"} or len(query.get("socket", [])) > 1 or "" in query.get("socket", []):
        return "it may have one parameter only, socket=PATH"
    return None
