# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run a cluster by hand: ``python -m tests.servers.kubevirt --nodes 3 --guests 20 --tls-dir /tmp/tls``."""

from __future__ import annotations

import argparse
import sys
import typing as t
import uuid
from pathlib import Path

from .._cli import add_common_arguments, authority, run_until_terminated
from .._tls import CertificateAuthority
from . import (
    Account,
    Accounts,
    Cluster,
    Instance,
    KubernetesServer,
    Machine,
    Node,
    exec_user,
    printing,
    write_kubeconfig,
)

LIMITED_TOKEN = "token-of-team-a"


def fleet(nodes: int, guests: int) -> Cluster:
    """So many nodes with so many guests each, in two namespaces, and one guest that is stopped."""
    phases = ("Running", "Running", "Running", "Scheduled", "Succeeded")
    instances = [
        Instance(
            f"vm-{node}-{number}",
            str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{node}.{number}")),
            f"node{node}",
            phases[number % len(phases)],
            f"team-{'ab'[number % 2]}",
            {"Ready": "True", **({"Paused": "True"} if number % 10 == 7 else {})},
        )
        for node in range(1, nodes + 1)
        for number in range(guests)
    ]
    return Cluster(
        [Node(f"node{number}", uuid.uuid5(uuid.NAMESPACE_URL, str(number)).hex) for number in range(1, nodes + 1)],
        instances,
        [Machine("stopped", namespace="team-a")],
        {"default", "team-a", "team-b", "empty"},
    )


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--guests", type=int, default=20, help="on each node")
    parser.add_argument("--token", default="token-of-virtmap")
    parser.add_argument("--kubeconfig-dir", type=Path, help="leave kubeconfig files there")
    arguments = parser.parse_args()
    ca = authority(arguments)
    rights = frozenset({"virtualmachineinstances", "virtualmachines", "namespaces"})
    accounts = Accounts(
        Account(token=arguments.token),
        Account("virtmap"),
        Account("team-a", LIMITED_TOKEN, frozenset(), {"team-a": rights, "empty": rights}),
    )
    server = _Leaving(
        fleet(arguments.nodes, arguments.guests),
        accounts,
        host=arguments.host,
        port=arguments.port,
        tls=ca.server_context(client_ca=ca) if ca else None,
        control=arguments.control,
    )
    if arguments.kubeconfig_dir:
        server.leave(arguments.kubeconfig_dir, arguments.token, ca)
    return run_until_terminated(server, arguments, ca, kubeconfigs=server.files, limited_token=LIMITED_TOKEN)


class _Leaving(KubernetesServer):
    """Leaves kubeconfig files when it has started and knows its port."""

    files: dict[str, Path]

    def __init__(self, cluster: Cluster, accounts: Accounts, **options: t.Any) -> None:
        super().__init__(cluster, accounts, **options)
        self.files = {}
        self._users: dict[str, dict[str, t.Any]] = {}
        self._cluster: dict[str, t.Any] = {}

    def leave(self, folder: Path, token: str, ca: CertificateAuthority | None) -> None:
        """A file for each kind of credentials."""
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        self._users = {"token": {"token": token}, "exec": exec_user(folder, printing(token=token))}
        if ca is not None:
            pair = ca.issue_client("virtmap")
            self._users["certificate"] = {"client-certificate": pair.cert.resolve(), "client-key": pair.key.resolve()}
            self._cluster = {"certificate-authority": ca.path.resolve()}
        self.files = {name: folder / f"{name}.kubeconfig" for name in self._users}

    def start(self) -> _Leaving:
        """Start, and write the files."""
        super().start()
        for name, user in self._users.items():
            write_kubeconfig(self.files[name], self.url, user, **self._cluster)
        return self


if __name__ == "__main__":
    sys.exit(main())
