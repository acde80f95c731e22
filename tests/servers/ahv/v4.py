# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""REST v4: an object type on everything, pages from 0, fifty entities unless more are asked for, 100 at the most."""

from __future__ import annotations

import re
import typing as t

from .._http import Request, Response
from .model import POWER_V4, Cluster, Node, Prism, Refused, Vm, whole_number, without_nulls

PATHS = {
    "/api/vmm/v4.0/ahv/config/vms": "vms",
    "/api/clustermgmt/v4.0/config/hosts": "hosts",
    "/api/clustermgmt/v4.0/config/clusters": "clusters",
}
DEFAULT_LIMIT, MOST = 50, 100
Document = dict[str, t.Any]
_TYPES = {
    "vms": "vmm.v4.ahv.config.Vm",
    "hosts": "clustermgmt.v4.config.Host",
    "clusters": "clustermgmt.v4.config.Cluster",
}
#: The fields that a list can be sorted by, and reduced to.
_ORDER = {
    "vms": {"name": "name"},
    "hosts": {"extId": "uuid", "hostName": "name"},
    "clusters": {"extId": "uuid", "name": "name"},
}
_SELECT = {
    "vms": ("biosUuid", "cluster/extId", "extId", "host/extId", "isAgentVm", "name", "powerState"),
    "hosts": ("cluster", "hostName", "numberOfCpuSockets"),
    "clusters": ("name",),
}


def answer(prism: Prism, what: str, request: Request) -> Response:
    """Answer a request for one of PATHS."""
    if request.method != "GET":
        return Response(405, b"", [("Allow", "GET")])
    try:
        page = whole_number(request.argument("$page"), "$page", 0, 0)
        limit = whole_number(request.argument("$limit"), "$limit", DEFAULT_LIMIT, 1, MOST)
    except Refused as refused:
        raise Refused(400, "CMN-50001", refused.text) from None
    found = _ordered(what, _all(prism, what), request.argument("$orderby"))
    wanted = _wanted(what, request.argument("$select"))
    documents = (_document(prism, entity) for entity in found[page * limit : (page + 1) * limit])
    chosen = [{key: value for key, value in entity.items() if wanted(key)} for entity in documents]
    namespace, _dot, _rest = _TYPES[what].partition(".")
    document: Document = {
        "$objectType": f"{namespace}.v4.config.List{what.title()}ApiResponse",
        "$reserved": {"$fv": "v4.r0"},
        "metadata": {
            "$objectType": "common.v1.response.ApiResponseMetadata",
            "totalAvailableResults": len(found),
            "flags": [{"$objectType": "common.v1.config.Flag", "name": "isPaginated", "value": True}],
            "links": [
                {"$objectType": "common.v1.response.ApiLink", "href": f"https://pc{request.path}", "rel": "self"}
            ],
        },
    }
    if chosen:
        document["$dataItemDiscriminator"] = f"List<{_TYPES[what]}>"
        document["data"] = chosen
    return Response.json(document)


def refusal(refused: Refused) -> Response:
    """The answer to a request that is not taken."""
    error = {
        "$objectType": "vmm.v4.error.AppMessage",
        "message": refused.text,
        "severity": "ERROR",
        "code": refused.reason,
        "locale": "en_US",
        "errorGroup": refused.reason,
    }
    return Response.json({"data": {"$objectType": "vmm.v4.error.ErrorResponse", "error": [error]}}, refused.status)


def _ordered(what: str, found: list[t.Any], order: str | None) -> list[t.Any]:
    if order is None:
        return found
    name, _blank, direction = order.partition(" ")
    if name not in _ORDER[what] or direction not in ("", "asc", "desc"):
        raise Refused(400, "CMN-50002", f"$orderby cannot be {order}")
    return sorted(found, key=lambda entity: getattr(entity, _ORDER[what][name]) or "", reverse=direction == "desc")


def _wanted(what: str, select: str | None) -> t.Callable[[str], bool]:
    """Tells whether a member is among the selected ones."""
    if select is None or select == "*":
        return lambda _key: True
    names = re.split(r"\s*,\s*", select)
    unknown = [name for name in names if name not in _SELECT[what]]
    if unknown:
        raise Refused(400, "CMN-50003", f"$select cannot hold {unknown[0]}")
    tops = {"extId", *(name.partition("/")[0] for name in names)}
    return lambda key: key in tops or key.startswith("$")


def _all(prism: Prism, what: str) -> list[t.Any]:
    if what == "vms":
        return [vm for vm in prism.vms if vm.hypervisor == "AHV"]
    if what == "hosts":
        # The pseudo hosts of v3 are not told here.
        return [node for node in prism.nodes if node.sockets is not None or node.version is not None]
    return list(prism.clusters)


def _document(prism: Prism, entity: Vm | Node | Cluster) -> Document:
    if isinstance(entity, Vm):
        return _vm(entity)
    return _host(prism, entity) if isinstance(entity, Node) else _cluster(entity)


def _reference(kind: str, ext_id: str | None) -> Document | None:
    return None if ext_id is None else {"$objectType": f"vmm.v4.ahv.config.{kind}Reference", "extId": ext_id}


def _vm(vm: Vm) -> Document:
    power = None if vm.power is None else POWER_V4.get(vm.power, "UNDETERMINED")
    return without_nulls(
        {
            "$objectType": _TYPES["vms"],
            "$reserved": {"$fv": "v4.r0"},
            "extId": vm.uuid,
            "biosUuid": vm.bios_uuid or vm.uuid,
            "generationUuid": vm.uuid,
            "name": vm.name,
            "powerState": power,
            "host": _reference("Host", vm.host),
            "cluster": _reference("Cluster", vm.cluster),
            "numSockets": 2,
            "numCoresPerSocket": 1,
            "memorySizeBytes": 4294967296,
            "isAgentVm": vm.agent,
            "machineType": "PC",
            "createTime": "2026-01-05T10:00:00Z",
            "isCrossClusterMigrationInProgress": False,
        }
    )


def _host(prism: Prism, node: Node) -> Document:
    cluster = {"uuid": node.cluster, "name": prism.cluster_name(node.cluster)}
    address = {"$objectType": "common.v1.config.IPv4Address", "value": "192.0.2.20", "prefixLength": 32}
    hypervisor = {
        "$objectType": "clustermgmt.v4.config.HypervisorReference",
        "externalAddress": {"$objectType": "common.v1.config.IPAddress", "ipv4": address},
        "fullName": node.version,
        "type": node.hypervisor,
        "numberOfVms": 9,
        "state": "ACROPOLIS_NORMAL",
    }
    return without_nulls(
        {
            "$objectType": _TYPES["hosts"],
            "extId": node.uuid,
            "hostName": node.name,
            "hostType": "HYPER_CONVERGED",
            "hypervisor": without_nulls(hypervisor),
            "cluster": without_nulls({"$objectType": "clustermgmt.v4.config.ClusterReference", **cluster}),
            "numberOfCpuSockets": node.sockets,
            "numberOfCpuCores": 24,
            "numberOfCpuThreads": 48,
            "cpuModel": "Intel(R) Xeon(R) Gold 6126 CPU @ 2.60GHz",
            "memorySizeBytes": 404078198784,
            "nodeSerial": node.serial,
            "blockSerial": "19SM6H070012",
            "blockModel": "NX-3060-G6",
            "maintenanceState": "normal",
            "nodeStatus": "NORMAL",
        }
    )


def _cluster(cluster: Cluster) -> Document:
    config = {"$objectType": "clustermgmt.v4.config.ClusterConfigReference", "clusterFunction": [cluster.service]}
    return without_nulls(
        {"$objectType": _TYPES["clusters"], "extId": cluster.uuid, "name": cluster.name, "config": config}
    )
