# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A history in PostgreSQL, for several nodes. Private to this collection."""

from __future__ import annotations

import os
import traceback
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    CannotConnect,
    Denied,
    InvalidInput,
    MissingLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._history.database import Database, T, broken
from ansible_collections.virtmap.core.plugins.module_utils._transport.deadline import call_with_deadline

try:
    import psycopg
    from psycopg import errors as pg_errors
except ImportError:
    HAS_PSYCOPG = False
    PSYCOPG_TRACEBACK: str | None = traceback.format_exc()
else:
    HAS_PSYCOPG = True
    PSYCOPG_TRACEBACK = None

TABLES = "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass(?)"
# One writer at a time, also while the tables are made; any number will do that nobody else uses.
WRITERS_LOCK = 0x7669_7274_6D61_70
# From this release on libpq trusts the CAs of the system.
LIBPQ_SYSTEM_CAS = 160000


def transact(options: t.Mapping[str, t.Any], work: t.Callable[[Database], T], *, write: bool, keep: bool) -> T:
    """Do work in one transaction.

    Args:
        options: those of the group STORE.
        write: the work writes; other writers wait.
        keep: False undoes what was written, for check mode.

    Raises:
        MissingLibrary: psycopg is not there.
        CannotConnect: the server is not reached, does not answer in time, or another task writes for too long.
        Denied: it refuses the user, or the user's right to do this.
        InvalidInput: the database is not there or cannot be used.
    """
    if not HAS_PSYCOPG:
        raise MissingLibrary("psycopg[binary]", "for a history in PostgreSQL", PSYCOPG_TRACEBACK)
    name = f"PostgreSQL database {options['database']} at {options['server']}:{options['port']}"
    parameters = connection_parameters(options)

    def run() -> T:
        # Leaving the context commits, or rolls back after an error.
        with psycopg.connect(**parameters) as connection, connection.cursor() as cursor:
            if write:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (WRITERS_LOCK,))
            else:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            result = work(Database(cursor, name, "%s", TABLES))
            if not (write and keep):
                connection.rollback()
            return result

    late = (
        f"the history {name} did not answer within {3 * options['timeout']} seconds; see whether the server works. "
        "Recording the same mapping again is harmless"
    )
    try:
        return call_with_deadline(run, 3.0 * options["timeout"], late)
    except psycopg.Error as exc:
        raise explain(name, exc, options["timeout"]) from exc


def connection_parameters(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The parameters of libpq."""
    timeout = options["timeout"]
    parameters = {
        "host": options["server"],
        "port": options["port"],
        "dbname": options["database"],
        "user": options["username"],
        "password": options["password"],
        "connect_timeout": max(2, timeout),
        "application_name": "virtmap.core",
        # The second one a little later, so that waiting for another writer is told as such.
        "options": f"-c lock_timeout={timeout}s -c statement_timeout={timeout + 1}s",
        # "prefer" encrypts where the server can, and verifies nothing.
        "sslmode": "verify-full" if options["validate_certs"] else "prefer",
    }
    if options["validate_certs"] and not options["server"].startswith(os.sep):
        if options["ca_path"]:
            parameters["sslrootcert"] = options["ca_path"]
        elif psycopg.pq.version() >= LIBPQ_SYSTEM_CAS:
            parameters["sslrootcert"] = "system"
    return {key: value for key, value in parameters.items() if value is not None}


def explain(name: str, exc: psycopg.Error, timeout: int) -> VirtmapError:
    """The plain sentence for an error of the library."""
    if isinstance(exc, pg_errors.LockNotAvailable):
        return CannotConnect(
            f"another task has been writing to the history {name} for more than {timeout} seconds; run this one again"
        )
    if isinstance(exc, pg_errors.QueryCanceled):
        return CannotConnect(f"the history {name} took longer than {timeout} seconds; raise timeout")
    text = " ".join(shown(exc, 400).replace("\\n", " ").replace("\\t", " ").split())
    if isinstance(exc, pg_errors.InsufficientPrivilege):
        return Denied(f"the history {name} refuses this user: {text}; grant it the right to make tables in its schema")
    if not isinstance(exc, psycopg.OperationalError):
        return broken(name, exc)
    if "authentication failed" in text or "no password supplied" in text or "no pg_hba.conf entry" in text:
        return Denied(f"the history {name} refuses the login: {text}; check username and password")
    if "does not exist" in text:
        return InvalidInput(f"the history {name} cannot be opened: {text}; make the database or the role first")
    return CannotConnect(f"the history {name} cannot be reached: {text}")
