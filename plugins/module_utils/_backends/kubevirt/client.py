# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects the mapping of a Kubernetes cluster with KubeVirt. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.access import connect
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.api import Api, Forbidden
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.convert import (
    Instances,
    Machines,
    Nodes,
    full_name,
    nodes_by_name,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.options import Wishes, understand
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Denied, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Host, Mapping, Skipped
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
    with client:
        api = Api(client, wishes.page_size)
        api.discover()
        # In this order nothing falls between two lists: what starts meanwhile is in the second, and every node that it
        # may be on is in the third.
        machines = _machines(api, wishes)
        instances = _instances(api, wishes, warn)
        hosts, lost = _hosts(api, wishes, instances, warn)
    stopped, without_uuid = machines.without(instances.found)
    return assemble(
        backend=BACKEND,
        source=access.source,
        hosts=hosts or (),
        selection=selection,
        warn=warn,
        skipped=[*instances.skipped, *without_uuid, *lost],
        unplaced=[*instances.unplaced, *stopped],
        extra={"namespaces": list(wishes.namespaces) or None},
    )


def _machines(api: Api, wishes: Wishes) -> Machines:
    machines = Machines()
    if wishes.stopped:
        for namespace in wishes.namespaces or (None,):
            try:
                machines.take(api.kubevirt("virtualmachines", "VirtualMachine", namespace, Machines))
            except Forbidden as exc:
                raise Denied(f"{exc.message}; give it that right, or leave out include_stopped") from exc
    return machines


def _instances(api: Api, wishes: Wishes, warn: Warn) -> Instances:
    """The instances of the namespaces, or of all.

    Raises:
        Denied: the account may not list them.
        NotFound: there is no such namespace, which the list of its instances does not tell.
    """
    found = Instances()
    for namespace in wishes.namespaces or (None,):
        try:
            here = api.kubevirt("virtualmachineinstances", "VirtualMachineInstance", namespace, Instances)
        except Forbidden as exc:
            advice = "" if namespace else ", or name the namespaces that it may list in namespace"
            raise Denied(f"{exc.message}; give it that right{advice}") from exc
        if namespace and not here.found:
            _check_namespace(api, namespace, warn)
        found.take(here)
    return found


def _check_namespace(api: Api, namespace: str, warn: Warn) -> None:
    there = api.has_namespace(namespace)
    if there is False:
        raise NotFound(f"{api.what} has no namespace {namespace}; check namespace")
    if there is None:
        warn(
            f"{api.what} has no guest in the namespace {namespace}, and the account may not ask whether that exists at "
            "all; check that its name is right"
        )


def _hosts(api: Api, wishes: Wishes, instances: Instances, warn: Warn) -> tuple[list[Host], list[Skipped]]:
    """The nodes with their guests, and the guests whose node is not among them.

    Raises:
        Denied: the account may not list nodes, and their names are not to do.
    """

    def new() -> Nodes:
        return Nodes(
            instances.by_node, cpus_as_sockets=wishes.cpus_as_sockets, schedulable_only=wishes.schedulable_only
        )

    try:
        nodes = api.read("/api/v1/nodes", "NodeList", new)
    except Forbidden as exc:
        if not wishes.name_fallback:
            raise Denied(
                f"{exc.message}; give it that right with a ClusterRole, or set hypervisor_id_fallback to report nodes "
                "under their names"
            ) from exc
        warn(
            f"{exc.message}; nodes are reported under their names, without facts, and those without a guest not at all"
        )
        return nodes_by_name(instances.by_node), []
    lost: list[tuple[str, Guest]] = [
        (node, guest) for node, guests in instances.by_node.items() if node not in nodes.names for guest in guests
    ]
    if lost:
        names = sorted({node for node, _guest in lost})
        warn(f"{api.what} does not list the node{'' if len(names) == 1 else 's'} {listed(names)}, on which guests are")
    return nodes.hosts, [
        Skipped(
            "guest", full_name(guest.extra["namespace"], guest.name), f"its node {node} is not in the cluster's list"
        )
        for node, guest in lost
    ]
