# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects the mapping of a Kubernetes cluster with KubeVirt. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.access import Access, connect
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.api import Api
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.convert import (
    Instances,
    Machines,
    Nodes,
    full_name,
    nodes_by_name,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.lists import (
    check_namespace,
    list_instances,
    list_machines,
    list_nodes,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.options import Wishes, understand
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed

BACKEND = "kubevirt"
IDS = ("uuid", "hwuuid", "hostname")


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: Warn) -> Mapping:
    """Ask a cluster for its guests.

    Args:
        options: those of the backend.

    Raises:
        InvalidInput: an option or the kubeconfig is wrong; nothing was contacted.
        MissingLibrary: kubernetes (for a kubeconfig) or urllib3 is not installed.
        Denied: the credentials or a right were refused.
        NotFound: there is no KubeVirt, or no such namespace.
        CannotConnect, BadAnswer: the cluster did not answer in full.
    """
    selection.allow_ids(IDS, BACKEND)
    wishes = understand(options)
    access, client = connect(options, warn)
    machines, instances = Machines(), Instances()
    with client:
        api = Api(client, wishes.page_size)
        api.discover()
        # In this order nothing falls between two lists: what starts meanwhile is in the second, and every node that it
        # may be on is in the third.
        for namespace in wishes.namespaces or (None,):
            if wishes.stopped:
                machines.take(list_machines(api, namespace, Machines)[0])
        for namespace in wishes.namespaces or (None,):
            here, _version = list_instances(api, namespace, Instances)
            if namespace and not here.found:
                check_namespace(api, namespace, warn)
            instances.take(here)
        nodes, _version = list_nodes(api, wishes, lambda: nodes_with(instances, wishes), warn)
    return to_mapping(access, api.what, wishes, selection, warn, Parts(machines, instances, nodes))


class Parts(t.NamedTuple):
    """What a cluster told.

    Attributes:
        nodes: with the guests of ``instances``; None where the account may not list them.
    """

    machines: Machines
    instances: Instances
    nodes: Nodes | None

    def lost(self) -> set[str]:
        """The names of nodes that guests are on, but that the cluster does not list."""
        return set() if self.nodes is None else self.instances.by_node.keys() - self.nodes.names


def nodes_with(instances: Instances, wishes: Wishes) -> Nodes:
    """What takes the nodes and gives them these guests."""
    return Nodes(instances.by_node, cpus_as_sockets=wishes.cpus_as_sockets, schedulable_only=wishes.schedulable_only)


def to_mapping(access: Access, what: str, wishes: Wishes, selection: Selection, warn: Warn, parts: Parts) -> Mapping:
    """The mapping of what a cluster told.

    Args:
        what: the API server, for warnings.
    """
    machines, instances, nodes = parts
    stopped, without_uuid = machines.without(instances.found)
    lost = sorted(parts.lost())
    if lost:
        warn(f"{what} does not list the node{'' if len(lost) == 1 else 's'} {listed(lost)}, on which guests are")
    return assemble(
        backend=BACKEND,
        source=access.source,
        hosts=nodes_by_name(instances.by_node) if nodes is None else nodes.hosts,
        selection=selection,
        warn=warn,
        skipped=[
            *instances.skipped,
            *without_uuid,
            *(
                Skipped(
                    "guest",
                    full_name(guest.extra["namespace"], guest.name),
                    f"its node {node} is not in the cluster's list",
                )
                for node in lost
                for guest in instances.by_node[node]
            ),
        ],
        unplaced=[*instances.unplaced, *stopped],
        extra={"namespaces": list(wishes.namespaces) or None},
    )
