# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Kubernetes API server with KubeVirt: discovery, paged lists of one snapshot, watches, rights, and how it says no."""

from __future__ import annotations

from .accounts import Account, Accounts
from .kubeconfig import exec_user, printing, write_kubeconfig
from .model import Cluster, Instance, Machine, Node
from .server import KubernetesServer

__all__ = [
    "Account",
    "Accounts",
    "Cluster",
    "Instance",
    "KubernetesServer",
    "Machine",
    "Node",
    "exec_user",
    "printing",
    "write_kubeconfig",
]
