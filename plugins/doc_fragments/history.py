# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the modules that work on the history."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  path:
    description:
      - SQLite file of the history, on the host that the task runs on. It is made readable for its owner alone; its
        folder must be there.
      - Either this or O(server) is needed, not both.
    type: path
  server:
    description:
      - Host name or address of a PostgreSQL server, or the folder of its Unix socket. Use it when several nodes record
        into one history.
      - Falls back to the environment variable E(VIRTMAP_HISTORY_SERVER).
    type: str
  port:
    description: Port of the PostgreSQL server.
    type: int
    default: 5432
  database:
    description: Database of the PostgreSQL server. It must be there; the tables are made on first use.
    type: str
    default: virtmap
  username:
    description:
      - Role of the PostgreSQL server.
      - Falls back to the environment variable E(VIRTMAP_HISTORY_USERNAME), then to the user that the task runs as.
    type: str
  password:
    description:
      - Password of the role.
      - Falls back to the environment variable E(VIRTMAP_HISTORY_PASSWORD).
    type: str
  timeout:
    description:
      - Seconds to wait for another task that writes, for the connection, and for each statement.
      - A task on a PostgreSQL server that does not work ends within three times this value.
    type: int
    default: 60
  validate_certs:
    description:
      - Whether the certificate of the PostgreSQL server and the name in it are verified. A server without TLS is then
        refused; a Unix socket needs none.
      - With V(false) the connection is encrypted where the server offers it, and nothing is verified.
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificates that are trusted, in PEM form.
      - Without it the CAs of the system are trusted; a libpq before release 16 then uses C(~/.postgresql/root.crt).
    type: path
requirements:
  - psycopg (version 3) for PostgreSQL only
notes:
  - The history holds names of guests and hypervisors, which come from the sources. Treat them as text of a stranger.
"""
