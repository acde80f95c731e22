# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run Hyper-V hosts by hand: ``python -m tests.servers.hyperv --hosts 2 --machines 20 --cluster Blue --tls-dir /tmp/tls``."""

from __future__ import annotations

import argparse
import contextlib
import sys

from .._cli import add_common_arguments, authority, run_until_terminated
from . import Accounts, Cluster, Host, HyperVServer, Machine


def fleet(hosts: int, machines: int, cluster: str | None = None) -> list[Host]:
    """So many hosts with so many machines each, all nodes of one cluster where it has a name."""
    names = [f"hv{number}" for number in range(1, hosts + 1)]
    shared = Cluster(cluster, dict.fromkeys((name.upper() for name in names), 0)) if cluster else None
    states = (2, 2, 2, 3, 6, 9)
    return [
        Host(
            name=name,
            machines=[
                Machine(f"{name}-vm{number}", state=states[number % len(states)], generation=1 + number % 2)
                for number in range(machines)
            ],
            cluster=shared,
        )
        for name in names
    ]


def main() -> int:
    """Serve until SIGTERM; the first host listens where the arguments say, the others on free ports."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("--hosts", type=int, default=1)
    parser.add_argument("--machines", type=int, default=20, help="on each host")
    parser.add_argument("--cluster", help="name of the cluster that all hosts are in")
    parser.add_argument("--user", default="EXAMPLE\\virtmap")
    parser.add_argument("--password", default="secret")
    parser.add_argument("--allow-unencrypted", action="store_true", help="take Basic over plain HTTP")
    arguments = parser.parse_args()
    ca = authority(arguments)
    schemes = ("negotiate", "kerberos", "credssp", "basic", "certificate")
    with contextlib.ExitStack() as stack:
        servers = [
            HyperVServer(
                host,
                Accounts({arguments.user: arguments.password}, schemes=schemes, common_names=("virtmap",)),
                allow_unencrypted=arguments.allow_unencrypted,
                host=arguments.host,
                port=0 if number else arguments.port,
                tls=ca.server_context(client_ca=ca) if ca else None,
                control=arguments.control,
            )
            for number, host in enumerate(fleet(arguments.hosts, arguments.machines, arguments.cluster))
        ]
        others = [stack.enter_context(server).url for server in servers[1:]]
        client = ca.issue_client("virtmap") if ca else None
        return run_until_terminated(
            servers[0],
            arguments,
            ca,
            others=others,
            client_cert=client.cert if client else None,
            client_key=client.key if client else None,
        )


if __name__ == "__main__":
    sys.exit(main())
