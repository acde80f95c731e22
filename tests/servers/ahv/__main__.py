# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run a Prism by hand: ``python -m tests.servers.ahv --hosts 3 --machines 20 --central --control``."""

from __future__ import annotations

import argparse
import sys

from .._cli import add_common_arguments, authority, run_until_terminated
from . import AhvServer, Cluster, Node, Prism, Vm

POWERS = ("on", "on", "on", "paused", "suspended")


def fleet(hosts: int, machines: int, off: int = 0) -> Prism:
    """A cluster with so many hosts, the last one without guests, so many machines, and some that are off."""
    central = Cluster("PC", "00000000-0000-4000-8000-00000000000c", "PRISM_CENTRAL")
    blue = Cluster("Blue", "00000000-0000-4000-8000-00000000000b")
    nodes = [
        Node(f"ahv{number}.example.com", blue.uuid, f"00000000-0000-4000-8001-{number:012x}")
        for number in range(1, hosts + 1)
    ]
    busy = nodes[:-1] or nodes
    vms = [
        Vm(f"vm{number}", busy[number % len(busy)].uuid, blue.uuid, POWERS[number % len(POWERS)], _uuid(number))
        for number in range(machines)
    ]
    vms += [Vm(f"off{number}", None, blue.uuid, "off", _uuid(machines + number)) for number in range(off)]
    return Prism([blue, central], nodes, vms)


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8002-{number:012x}"


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--machines", type=int, default=20, help="on all hosts but the last one")
    parser.add_argument("--off", type=int, default=2, help="machines that are off")
    parser.add_argument("--central", action="store_true", help="be a Prism Central, not an Element")
    parser.add_argument("--no-v4", action="store_true", help="be a Prism Central of before pc.2024.3")
    parser.add_argument("--user", default="virtmap")
    parser.add_argument("--password", default="secret")
    arguments = parser.parse_args()
    ca = authority(arguments)
    server = AhvServer(
        fleet(arguments.hosts, arguments.machines, arguments.off),
        user=arguments.user,
        password=arguments.password,
        central=arguments.central,
        has_v4=not arguments.no_v4,
        host=arguments.host,
        port=arguments.port,
        tls=ca.server_context() if ca else None,
        control=arguments.control,
    )
    return run_until_terminated(server, arguments, ca)


if __name__ == "__main__":
    sys.exit(main())
