# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run an engine by hand: ``python -m tests.servers.ovirt --hosts 10 --machines 200 --tls-dir /tmp/tls --control``."""

from __future__ import annotations

import argparse
import sys

from .._cli import add_common_arguments, authority, run_until_terminated
from . import Accounts, EngineServer, Inventory

_STATES = ("up", "up", "up", "paused", "migrating", "powering_up")


def fleet(hosts: int, machines: int) -> Inventory:
    """Two clusters with so many hosts and so many machines spread over them, one in ten down; a cluster for storage."""
    inventory = Inventory()
    clusters = [inventory.add_cluster(name) for name in ("Blue", "Green")]
    storage = inventory.add_cluster("Storage", virt_service=False, gluster_service=True)
    places = [
        inventory.add_host(
            f"host{number}.example.com", clusters[number % len(clusters)], address=f"host{number}.example.com"
        )
        for number in range(1, hosts + 1)
    ]
    inventory.add_host("gluster1.example.com", storage)
    for number in range(1, machines + 1):
        if number % 10 == 0:
            inventory.add_machine(f"vm{number}", None)
        else:
            state = _STATES[number % len(_STATES)]
            inventory.add_machine(f"vm{number}", places[number % hosts], status=state)
    return inventory


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--machines", type=int, default=20)
    parser.add_argument("--user", default="admin@internal")
    parser.add_argument("--password", default="secret")
    parser.add_argument("--old", action="store_true", help="be a RHEV 3.6: no single sign-on, version 3 by default")
    arguments = parser.parse_args()
    ca = authority(arguments)
    accounts = Accounts({arguments.user: arguments.password}, sso=not arguments.old)
    server = EngineServer(
        fleet(arguments.hosts, arguments.machines),
        accounts,
        versions=(3, 4) if arguments.old else (4,),
        ca=ca.path if ca else None,
        host=arguments.host,
        port=arguments.port,
        tls=ca.server_context() if ca else None,
        control=arguments.control,
    )
    token = accounts.issue(arguments.user)
    return run_until_terminated(server, arguments, ca, token=token)


if __name__ == "__main__":
    sys.exit(main())
