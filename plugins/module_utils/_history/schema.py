# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The tables of the history, the same for SQLite and PostgreSQL. Private to this collection.

A row of virtmap_host or virtmap_guest is a span of time in which successive runs of a source saw the same:

- ``from_at``: the first run that saw it so;
- ``last_at``, ``until_at``: the last run that did, and the first one that did not; null while the newest run still does;
- ``believed``: 1 while nothing newer is known. A host that a run had to leave out ends its span, but is still believed.

Moments are texts such as 2026-11-21T08:00:00Z, which sort by time. ``host`` and ``guest`` are lower-cased keys; a guest
that no hypervisor runs has the empty text for a host.
"""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._history.database import Database

VERSION = 1
TABLES = (
    "CREATE TABLE IF NOT EXISTS virtmap_schema (version INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS virtmap_source (
        id INTEGER PRIMARY KEY, backend TEXT NOT NULL, source TEXT NOT NULL,
        first_at TEXT NOT NULL, last_at TEXT NOT NULL, fingerprint TEXT NOT NULL, UNIQUE (backend, source))""",
    """CREATE TABLE IF NOT EXISTS virtmap_run (
        source_id INTEGER NOT NULL REFERENCES virtmap_source (id), at TEXT NOT NULL,
        hypervisors INTEGER NOT NULL, guests INTEGER NOT NULL, skipped INTEGER NOT NULL, changed INTEGER NOT NULL,
        PRIMARY KEY (source_id, at))""",
    """CREATE TABLE IF NOT EXISTS virtmap_host (
        id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES virtmap_source (id), host TEXT NOT NULL,
        reported_id TEXT NOT NULL, uuid TEXT, name TEXT, cluster TEXT, facts TEXT NOT NULL,
        guests_known INTEGER NOT NULL, from_at TEXT NOT NULL, last_at TEXT, until_at TEXT,
        believed INTEGER NOT NULL, reason TEXT)""",
    """CREATE TABLE IF NOT EXISTS virtmap_guest (
        id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES virtmap_source (id), host TEXT NOT NULL,
        guest TEXT NOT NULL, uuid TEXT NOT NULL, name TEXT, state TEXT NOT NULL,
        from_at TEXT NOT NULL, last_at TEXT, until_at TEXT, believed INTEGER NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS virtmap_host_believed ON virtmap_host (source_id, believed)",
    "CREATE INDEX IF NOT EXISTS virtmap_host_key ON virtmap_host (host)",
    "CREATE INDEX IF NOT EXISTS virtmap_guest_believed ON virtmap_guest (source_id, believed)",
    "CREATE INDEX IF NOT EXISTS virtmap_guest_key ON virtmap_guest (guest)",
    "CREATE INDEX IF NOT EXISTS virtmap_guest_name ON virtmap_guest (name)",
    "CREATE INDEX IF NOT EXISTS virtmap_guest_from ON virtmap_guest (from_at)",
)


def prepare(database: Database) -> None:
    """Make the tables where they are missing.

    Raises:
        InvalidInput: a newer release made them.
    """
    if not database.has_table("virtmap_schema"):
        for statement in TABLES:
            database.run(statement)
        database.run("INSERT INTO virtmap_schema (version) VALUES (?)", VERSION)
    check(database)


def check(database: Database) -> None:
    """Make sure that the tables are there and that this release knows them.

    Raises:
        InvalidInput: they are not, or it does not.
    """
    if not database.has_table("virtmap_schema"):
        raise InvalidInput(f"{database.name} holds no history yet; record a mapping with mapping_history first")
    versions = database.rows("SELECT version FROM virtmap_schema")
    if versions != [(VERSION,)]:
        raise InvalidInput(
            f"{database.name} was written by another release of virtmap.core (its layout is "
            f"{', '.join(str(row[0]) for row in versions) or 'not named'}, this release knows {VERSION}); it was left alone"
        )
