# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Choosing the database. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._history import postgresql, sqlite
from ansible_collections.virtmap.core.plugins.module_utils._history.database import Database, T


def transact(options: t.Mapping[str, t.Any], work: t.Callable[[Database], T], *, write: bool, keep: bool = True) -> T:
    """Do work in one transaction of the database that the options name; see the two kinds for the errors.

    Raises:
        InvalidInput: both kinds are named, or a URL as a file.
    """
    if options["path"] is None:
        return postgresql.transact(options, work, write=write, keep=keep)
    if options["server"] is not None:
        raise InvalidInput("path and server (or VIRTMAP_HISTORY_SERVER) are both given; a history has one place")
    if "://" in options["path"]:
        # Not shown: it may hold a password.
        raise InvalidInput(
            "path is a URL, but must be a file; a history in PostgreSQL is named by server and the options beside it, in role "
            "report by a URL that begins with postgresql://"
        )
    return sqlite.transact(options["path"], work, write=write, keep=keep, timeout=float(options["timeout"]))
