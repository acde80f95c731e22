# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run a vCenter by hand: ``python -m tests.servers.vcenter --hosts 3 --machines 20 --control``."""

from __future__ import annotations

import argparse
import sys

from .._cli import add_common_arguments, authority, run_until_terminated
from . import Inventory, VCenterServer, vcenter


def fleet(hosts: int, machines: int) -> Inventory:
    """A cluster with so many hosts, and so many machines spread over them."""
    inventory = vcenter()
    _datacenter, folder = inventory.add_datacenter("DC0")
    cluster = inventory.add_cluster("Blue", folder)
    refs = [inventory.add_host(f"esx{number}.example.com", cluster) for number in range(1, hosts + 1)]
    for number in range(machines):
        inventory.add_machine(f"vm{number}", refs[number % hosts])
    return inventory


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--machines", type=int, default=20)
    parser.add_argument("--page", type=int, default=100, help="objects per answer")
    parser.add_argument("--user", default="administrator@vsphere.local")
    parser.add_argument("--password", default="secret")
    arguments = parser.parse_args()
    ca = authority(arguments)
    server = VCenterServer(
        fleet(arguments.hosts, arguments.machines),
        user=arguments.user,
        password=arguments.password,
        page=arguments.page,
        host=arguments.host,
        port=arguments.port,
        tls=ca.server_context() if ca else None,
        control=arguments.control,
    )
    return run_until_terminated(server, arguments, ca)


if __name__ == "__main__":
    sys.exit(main())
