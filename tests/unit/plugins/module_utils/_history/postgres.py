# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A fresh database of the private PostgreSQL server, or a reason why there is none."""

from __future__ import annotations

import typing as t

import pytest


def fresh_database() -> dict[str, t.Any]:
    """Make an empty database; the options of a history in it. Skips, and says why, where there is no server."""
    pytest.importorskip("psycopg", reason="NO POSTGRESQL: psycopg is missing (pip: psycopg[binary])")
    from ansible_collections.virtmap.core.tests.lab import postgresql

    if postgresql.programs() is None:
        pytest.skip("NO POSTGRESQL: its server is missing (apt: postgresql)")
    return postgresql.fresh_database()
