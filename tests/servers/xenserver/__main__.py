# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run a pool by hand: ``python -m tests.servers.xenserver --hosts 3 --machines 20 --pool Blue --tls-dir /tmp/tls``."""

from __future__ import annotations

import argparse
import contextlib
import sys
import typing as t

from .._cli import add_common_arguments, authority, run_until_terminated
from . import SNAPSHOT, Account, Host, Machine, Pool, XenServer
from .model import made_uuid

# Where a member listens that names the coordinator; the port is the same, because clients keep it.
MEMBER = "127.0.0.2"


def fleet(hosts: int, machines: int, name: str = "") -> Pool:
    """So many hosts with so many guests each that run, are paused or are about to, and some that are off."""
    found: list[Machine] = []
    for host in range(hosts):
        for number in range(machines):
            label = f"xen{host + 1}-vm{number}"
            state = "Paused" if number % 10 == 9 else "Running"
            found.append(Machine(label, made_uuid("guest", host, number), state, host))
        found.append(Machine(f"xen{host + 1}-off", made_uuid("off", host), "Halted", affinity=host))
        found.append(Machine(f"xen{host + 1}-suspended", made_uuid("suspended", host), "Suspended"))
        found.append(Machine(f"xen{host + 1}-snapshot", made_uuid("snapshot", host), "Halted", kind=SNAPSHOT))
    listed = [
        Host(f"xen{number + 1}.example.com", made_uuid("host", number), f"192.0.2.{number % 250 + 1}")
        for number in range(hosts)
    ]
    return Pool(listed, found, name)


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--machines", type=int, default=20, help="guests on each host")
    parser.add_argument("--pool", default="", help="name of the pool")
    parser.add_argument("--user", default="root")
    parser.add_argument("--password", default="secret")
    parser.add_argument("--old", action="store_true", help="speak XML-RPC only")
    parser.add_argument("--member", action="store_true", help=f"listen on {MEMBER} too, as a member of the pool")
    arguments = parser.parse_args()
    ca = authority(arguments)
    context = ca.server_context(ca.issue_server([arguments.host, MEMBER, "localhost"])) if ca else None
    pool = fleet(arguments.hosts, arguments.machines, arguments.pool)
    account = Account(arguments.user, arguments.password)
    common: dict[str, t.Any] = {"tls": context, "speaks_json": not arguments.old}
    server = XenServer(pool, account, host=arguments.host, port=arguments.port, control=arguments.control, **common)
    with contextlib.ExitStack() as stack:
        member = None
        if arguments.member:
            # Bound before the coordinator starts to answer, so that nobody takes the port.
            other = XenServer(pool, account, coordinator=arguments.host, host=MEMBER, port=arguments.port, **common)
            stack.enter_context(other)
            server.port, member = other.port, other.url
        return run_until_terminated(server, arguments, ca, member=member)


if __name__ == "__main__":
    sys.exit(main())
