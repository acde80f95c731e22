# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A history in one SQLite file. Private to this collection.

SQLite's rollback journal makes a transaction whole or nothing, also through a crash, and unlike its write-ahead log
works on network file systems. The file is made for its owner alone: it tells who ran what where.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import typing as t
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, InvalidInput, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._history.database import Database, T, broken

TABLES = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"


def transact(path: str, work: t.Callable[[Database], T], *, write: bool, keep: bool, timeout: float) -> T:
    """Do work in one transaction.

    Args:
        path: of the file.
        write: the work writes; other writers wait.
        keep: False undoes what was written, for check mode.
        timeout: seconds to wait for another task that writes.

    Raises:
        NotFound: the file to be read is not there.
        InvalidInput: it cannot be used.
        CannotConnect: another task holds it for too long.
    """
    name = f"file {path}"
    file = Path(path).resolve()
    try:
        with contextlib.closing(_connect(file, name, write, keep, timeout)) as connection:
            cursor = connection.cursor()
            # Taken at once, not at the first change: two writers could otherwise stop each other halfway.
            cursor.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                result = work(Database(cursor, name, "?", TABLES))
                cursor.execute("COMMIT" if write and keep else "ROLLBACK")
            except BaseException:
                if connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise
            return result
    except sqlite3.OperationalError as exc:
        if "locked" in str(exc):
            raise CannotConnect(
                f"another task has been writing to the history {name} for more than {timeout:g} seconds; run this one again"
            ) from exc
        raise broken(name, exc) from exc
    except (sqlite3.Error, OSError) as exc:
        raise broken(name, exc) from exc


def _connect(file: Path, name: str, write: bool, keep: bool, timeout: float) -> sqlite3.Connection:
    if not write and not file.exists():
        raise NotFound(f"there is no history at {name}; record a mapping with mapping_history first")
    if not file.parent.is_dir():
        raise InvalidInput(f"the folder of the history {name} is not there; make it first, for its owner alone")
    if write and not keep and not file.exists():
        return sqlite3.connect(":memory:", isolation_level=None)
    if write:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    # To read after a crash SQLite must first undo what was halfway, and needs the right to write for it.
    mode = "rw" if write or os.access(file, os.W_OK) else "ro"
    connection = sqlite3.connect(f"{file.as_uri()}?mode={mode}", uri=True, timeout=timeout, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    return connection
