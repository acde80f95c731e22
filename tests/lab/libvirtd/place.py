# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Where and as whom a private libvirtd runs."""

from __future__ import annotations

import os
import pwd
import subprocess
import typing as t
from pathlib import Path

from .processes import LabError
from .setup import BOUND_FOLDERS

MODES = ("system", "session")
# Linux's limit for the path of a unix socket, with its closing zero.
SOCKET_PATH = 108
# Who runs the daemon when root may not make a mount namespace.
ORDINARY_USER = "nobody"


def default_mode() -> str:
    """``system`` for a root who may make a mount namespace, else ``session``."""
    if os.geteuid() != 0:
        return "session"
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "session" if tried.returncode else "system"


def check_place(mode: str, folder: Path, socket: Path) -> None:
    """Refuse what could not work, before anything is started.

    Args:
        folder: for the files of the daemon.
        socket: the longest path of its sockets.

    Raises:
        LabError: there is no such mode, or no daemon can live in that folder.
    """
    if mode not in MODES:
        raise LabError(f"mode is {mode!r}, but must be one of {', '.join(MODES)}")
    if len(os.fsencode(socket)) >= SOCKET_PATH:
        raise LabError(f"the path {socket} is too long for a socket; choose a shorter folder")
    if mode == "system":
        hidden = [place for place in BOUND_FOLDERS.values() if Path(place) in folder.parents]
        if hidden:
            raise LabError(f"a system daemon cannot live below {hidden[0]}; choose a folder elsewhere, such as in /tmp")
    else:
        try:
            pwd.getpwuid(os.getuid())
        except KeyError as exc:
            raise LabError(f"a session daemon needs a passwd entry for the user id {os.getuid()}") from exc


def clean_environment() -> dict[str, str]:
    """The environment for a daemon: it must not be told where its own client library would look, nor in which language
    to complain."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIBVIRT_", "XDG_"))}
    return {**kept, "LC_ALL": "C"}


def give_away(folder: Path) -> dict[str, t.Any]:
    """Give a folder of root to the ordinary user; returns the arguments that start a process as that one."""
    user = pwd.getpwnam(ORDINARY_USER)
    for place in (folder, *folder.rglob("*")):
        os.chown(place, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
