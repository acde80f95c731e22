# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""REST v3: lists by POST, twenty entities unless more are asked for, 500 at the most."""

from __future__ import annotations

import typing as t

from .._http import Request, Response
from .model import POWER_V3, Cluster, Node, Prism, Refused, Vm, whole_number, without_nulls

PREFIX = "/api/nutanix/v3"
DEFAULT_LENGTH, MOST = 20, 500


def answer(prism: Prism, central: bool, what: str, request: Request) -> Response | None:
    """Answer a request; None for an unknown path. A Prism Element has this API as well, about its own cluster."""
    clusters = [cluster for cluster in prism.clusters if central or cluster.service != "PRISM_CENTRAL"]
    kinds: dict[str, tuple[str, list[t.Any], t.Callable[[Prism, t.Any], dict[str, t.Any]]]] = {
        "vms/list": ("vm", prism.vms, _vm),
        "hosts/list": ("host", prism.nodes, _host),
        "clusters/list": ("cluster", clusters, _cluster),
    }
    if what not in kinds:
        return None
    if request.method != "POST":
        return Response(405, b"", [("Allow", "POST")])
    kind, found, entity_of = kinds[what]
    try:
        body = request.json()
    except ValueError:
        raise Refused(422, "INVALID_REQUEST", "the body is not JSON") from None
    if not isinstance(body, dict) or body.get("kind", kind) != kind:
        raise Refused(422, "INVALID_REQUEST", f"kind must be {kind}")
    offset = whole_number(body.get("offset"), "offset", 0, 0)
    length = whole_number(body.get("length"), "length", DEFAULT_LENGTH, 1, MOST)
    chosen = [entity_of(prism, entity) for entity in found[offset : offset + length]]
    metadata = {"kind": kind, "total_matches": len(found), "length": len(chosen), "offset": offset}
    return Response.json({"api_version": "3.1", "metadata": metadata, "entities": chosen})


def refusal(refused: Refused) -> Response:
    """The answer to a request that is not taken."""
    message = {"reason": refused.reason, "message": refused.text, "details": {}}
    return Response.json(
        {"state": "ERROR", "code": refused.status, "message_list": [message], "api_version": "3.1", "kind": "error"},
        refused.status,
    )


def _entity(
    kind: str, uuid: str | None, name: str | None, resources: dict[str, t.Any], **more: t.Any
) -> dict[str, t.Any]:
    metadata: dict[str, t.Any] = {
        "kind": kind,
        "uuid": uuid,
        "spec_version": 3,
        "categories": {},
        "creation_time": "2026-01-05T10:00:00Z",
    }
    status = {"state": "COMPLETE", "name": name, "resources": resources, **more}
    spec = {"name": name, "resources": {}, **more}
    return {"metadata": without_nulls(metadata), "status": without_nulls(status), "spec": without_nulls(spec)}


def _reference(kind: str, uuid: str | None, name: str | None) -> dict[str, t.Any] | None:
    return None if uuid is None else without_nulls({"kind": kind, "uuid": uuid, "name": name})


def _vm(prism: Prism, vm: Vm) -> dict[str, t.Any]:
    power = None if vm.power is None else POWER_V3.get(vm.power, vm.power.upper())
    resources: dict[str, t.Any] = {
        "hypervisor_type": vm.hypervisor,
        "host_reference": _reference("host", vm.host, prism.node_name(vm.host)),
        "power_state": power,
        "num_sockets": 2,
        "num_vcpus_per_socket": 1,
        "memory_size_mib": 4096,
        "machine_type": "PC",
        "nic_list": [],
        "disk_list": [],
        "is_agent_vm": vm.agent,
    }
    cluster = _reference("cluster", vm.cluster, prism.cluster_name(vm.cluster))
    return _entity("vm", vm.uuid, vm.name, without_nulls(resources), cluster_reference=cluster)


def _host(prism: Prism, node: Node) -> dict[str, t.Any]:
    resources: dict[str, t.Any] = {"serial_number": node.serial, "controller_vm": {"ip": "192.0.2.21"}}
    if node.sockets is not None or node.version is not None:
        resources.update(
            num_cpu_sockets=node.sockets,
            num_cpu_cores=24,
            cpu_model="Intel(R) Xeon(R) Gold 6126 CPU @ 2.60GHz",
            memory_capacity_mib=385357,
            hypervisor=without_nulls({"hypervisor_full_name": node.version, "ip": "192.0.2.20", "num_vms": 9}),
            block={"block_serial_number": "19SM6H070012", "block_model": "NX-3060-G6"},
        )
    cluster = _reference("cluster", node.cluster, None)
    return _entity("host", node.uuid, node.name, without_nulls(resources), cluster_reference=cluster)


def _cluster(prism: Prism, cluster: Cluster) -> dict[str, t.Any]:
    count = len([node for node in prism.nodes if node.cluster == cluster.uuid])
    config: dict[str, t.Any] = {
        "service_list": [cluster.service],
        "build": {"version": "6.5.2"},
        "enabled_feature_list": [],
    }
    resources = {"nodes": {"hypervisor_server_list": [{"type": "AHV"}] * count}, "config": config}
    return _entity("cluster", cluster.uuid, cluster.name, resources)
