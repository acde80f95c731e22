# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""REST v2.0 of a Prism Element, below /api/nutanix/v2.0 and /PrismGateway/services/rest/v2.0."""

from __future__ import annotations

import typing as t

from .._http import Request, Response
from .model import Cluster, Node, Prism, Refused, Vm, whole_number

PREFIXES = ("/api/nutanix/v2.0", "/PrismGateway/services/rest/v2.0")
_TYPES = {"AHV": "kKvm", "ESX": "kVMware", "HYPERV": "kHyperv", "XEN": "kXen"}
_LOGIN_PAGE = "<!doctype html><html><head><title>HTTP Status 401</title></head><body>Unauthorized</body></html>"


def answer(prism: Prism, central: bool, what: str, request: Request) -> Response | None:
    """Answer a request; None for an unknown path. A Prism Central answers too, but with other content."""
    if request.method != "GET":
        return Response(405, b"", [("Allow", "GET")])
    wanted = "PRISM_CENTRAL" if central else "AOS"
    clusters = [cluster for cluster in prism.clusters if cluster.service == wanted]
    if what == "cluster":
        return Response.json(_cluster(prism, clusters[0]))
    known: dict[str, tuple[list[t.Any], t.Callable[[Prism, t.Any], dict[str, t.Any]]]] = {
        "hosts": ([] if central else prism.nodes, _host),
        "vms": ([] if central else [vm for vm in prism.vms if vm.hypervisor == "AHV"], _vm),
        "clusters": (clusters, _cluster),
    }
    if what not in known:
        return None
    entities, entity_of = known[what]
    paged = ("offset", "length", 0) if what == "vms" else ("page", "count", 1)
    start, page = _window(request, len(entities), *paged)
    chosen = [entity_of(prism, entity) for entity in entities[start : start + page]]
    counts = {"grand_total_entities": len(entities), "total_entities": len(entities), "count": len(chosen)}
    places = {"start_index": start + 1 if chosen else -1, "end_index": start + len(chosen) if chosen else -1}
    none: dict[str, t.Any] = {"filter_criteria": "", "sort_criteria": "", "page": 1, "search_string": None}
    return Response.json({"metadata": {**counts, **none, **places}, "entities": chosen})


def refusal(refused: Refused) -> Response:
    """The answer to a request that is not taken."""
    if refused.status == 401:
        return Response.text(_LOGIN_PAGE, 401, "text/html;charset=utf-8")
    error = {"code": 1202, "help_url": "http://my.nutanix.com"}
    return Response.json(
        {"message": refused.text, "detailed_message": None, "error_code": error},
        400 if refused.status == 422 else refused.status,
    )


def _window(request: Request, entities: int, first: str, size: str, origin: int) -> tuple[int, int]:
    length = whole_number(request.argument(size), size, entities, 1)
    number = whole_number(request.argument(first), first, origin, origin)
    return (number if first == "offset" else (number - origin) * length), length


def _cluster(prism: Prism, cluster: Cluster) -> dict[str, t.Any]:
    return {
        "id": f"{cluster.uuid}::1",
        "uuid": cluster.uuid,
        "cluster_uuid": cluster.uuid,
        "name": cluster.name,
        "hypervisor_types": ["kKvm"],
        "version": "6.5.2",
        "num_nodes": len(prism.nodes),
        "cluster_external_ipaddress": "192.0.2.10",
    }


def _host(_prism: Prism, node: Node) -> dict[str, t.Any]:
    found = {
        "service_vmid": f"{node.cluster}::7",
        "uuid": node.uuid,
        "name": node.name,
        "service_vmexternal_ip": "192.0.2.21",
        "hypervisor_address": "192.0.2.20",
        "hypervisor_full_name": node.version,
        "hypervisor_type": _TYPES[node.hypervisor],
        "hypervisor_state": "kAcropolisNormal",
        "acropolis_connection_state": "kConnected",
        "state": "NORMAL",
        "serial": node.serial,
        "block_serial": "19SM6H070012",
        "block_model_name": "NX-3060-G6",
        "num_cpu_sockets": node.sockets,
        "num_cpu_cores": 24,
        "num_cpu_threads": 48,
        "cpu_model": "Intel(R) Xeon(R) Gold 6126 CPU @ 2.60GHz",
        "cpu_capacity_in_hz": 62400000000,
        "memory_capacity_in_bytes": 404078198784,
        "num_vms": 9,
        "host_in_maintenance_mode": None,
        "host_type": "HYPER_CONVERGED",
        "cluster_uuid": node.cluster,
        "dynamic_ring_changing_node": None,
    }
    if node.name is None:
        del found["name"]  # seen in the wild: not even null
    return found


def _vm(_prism: Prism, vm: Vm) -> dict[str, t.Any]:
    return {
        "affinity": None,
        "allow_live_migrate": True,
        "gpus_assigned": False,
        "boot": {"uefi_boot": False},
        "ha_priority": 0,
        "host_uuid": vm.host,
        "memory_mb": 4096,
        "name": vm.name,
        "num_cores_per_vcpu": 1,
        "num_vcpus": 2,
        "power_state": vm.power,
        "timezone": "UTC",
        "uuid": vm.uuid,
        "vm_features": {"AGENT_VM": vm.agent, "VGA_CONSOLE": True},
        "vm_logical_timestamp": 7,
        "machine_type": "pc",
    }
