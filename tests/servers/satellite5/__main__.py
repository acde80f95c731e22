# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""``python -m tests.servers.satellite5``: run the server until SIGTERM."""

from __future__ import annotations

import argparse
import sys

from .._cli import add_common_arguments, authority, run_until_terminated
from . import Satellite5Server


def main() -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.satellite5", description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("--user", default="admin", help="login of the organisation's administrator")
    parser.add_argument("--password", default="secret123")
    parser.add_argument("--python", type=int, choices=[2, 3], default=2, help="2: Spacewalk, 3: Uyuni")
    parser.add_argument("--no-registration", action="store_true", help="as Uyuni from 2024.07")
    arguments = parser.parse_args()
    ca = authority(arguments)
    server = Satellite5Server(
        python=arguments.python,
        registration=not arguments.no_registration,
        host=arguments.host,
        port=arguments.port,
        tls=ca.server_context() if ca else None,
        control=arguments.control,
    )
    server.database.add_user(arguments.user, arguments.password, server.organization.id, "org_admin")
    return run_until_terminated(server, arguments, ca)


if __name__ == "__main__":
    sys.exit(main())
