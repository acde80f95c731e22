# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Kubernetes cluster with KubeVirt, as its API server describes it: nodes, virtual machines, running instances."""

from __future__ import annotations

import json
import typing as t
import uuid
from dataclasses import dataclass, field

from .history import History, Object

CREATED = "2026-03-02T09:14:07Z"


@dataclass
class Node:
    """A node.

    Attributes:
        machine_id, system_uuid: as ``nodeInfo`` has them; None where the whole of ``nodeInfo`` is missing.
        hostname: the address of this type; None where there is none.
        cpu, allocatable: quantities.
    """

    name: str = "node1"
    machine_id: str | None = field(default_factory=lambda: uuid.uuid4().hex)
    system_uuid: str | None = field(default_factory=lambda: str(uuid.uuid4()))
    hostname: str | None = ""
    cpu: str = "64"
    allocatable: str = "63500m"
    kubelet: str = "v1.28.7"
    schedulable: bool = True
    ready: str = "True"

    def document(self, version: int) -> Object:
        """The object; core types carry no kind within a list."""
        labels = {"kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        labels["kubevirt.io/schedulable"] = "true" if self.schedulable else "false"
        addresses = [{"type": "InternalIP", "address": "192.0.2.10"}]
        if self.hostname is not None:
            addresses.append({"type": "Hostname", "address": self.hostname or self.name})
        status: Object = {
            "addresses": addresses,
            "allocatable": {"cpu": self.allocatable, "memory": "520Gi", "pods": "250"},
            "capacity": {"cpu": self.cpu, "memory": "527951Mi", "pods": "250", "devices.kubevirt.io/kvm": "1k"},
            "conditions": [
                {"type": "MemoryPressure", "status": "False", "reason": "KubeletHasSufficientMemory"},
                {"type": "Ready", "status": self.ready, "reason": "KubeletReady"},
            ],
            "images": [
                {"names": [f"registry.example.com/image-{number}@sha256:{number:064x}"], "sizeBytes": 10**8 + number}
                for number in range(20)
            ],
        }
        if self.machine_id is not None or self.system_uuid is not None:
            status["nodeInfo"] = {
                "architecture": "amd64",
                "bootID": "a1b2c3d4-0000-4000-8000-0123456789ab",
                "containerRuntimeVersion": "cri-o://1.28.4",
                "kernelVersion": "5.14.0-284.el9.x86_64",
                "kubeProxyVersion": self.kubelet,
                "kubeletVersion": self.kubelet,
                "machineID": self.machine_id or "",
                "operatingSystem": "linux",
                "osImage": "Red Hat Enterprise Linux CoreOS",
                "systemUUID": self.system_uuid or "",
            }
        return {
            "metadata": {
                "name": self.name,
                "uid": _uid("node", self.name),
                "resourceVersion": str(version),
                "creationTimestamp": CREATED,
                "labels": labels,
                "managedFields": _noise("kubelet"),
            },
            "spec": {"podCIDR": "10.128.0.0/23"},
            "status": status,
        }


@dataclass
class Instance:
    """A VirtualMachineInstance.

    Attributes:
        uuid: of the firmware; None where ``firmware`` is missing.
        node: None while it is not scheduled.
        conditions: by type.
        migration: status.migrationState.
    """

    name: str = "web1"
    uuid: str | None = field(default_factory=lambda: str(uuid.uuid4()))
    node: str | None = "node1"
    phase: str = "Running"
    namespace: str = "default"
    conditions: dict[str, str] = field(default_factory=lambda: {"Ready": "True", "LiveMigratable": "True"})
    migration: Object | None = None

    def document(self, version: int) -> Object:
        """The object."""
        domain = _domain(self.uuid)
        status: Object = {
            "phase": self.phase,
            "activePods": {_uid("pod", self.namespace, self.name): self.node or ""},
            "conditions": [{"type": kind, "status": status} for kind, status in self.conditions.items()],
            "guestOSInfo": {"id": "rhel", "name": "Red Hat Enterprise Linux", "kernelRelease": "5.14.0"},
            "interfaces": [{"interfaceName": "eth0", "ipAddress": "10.128.0.7", "mac": "02:00:00:00:00:01"}],
            "phaseTransitionTimestamps": [
                {"phase": phase, "phaseTransitionTimestamp": CREATED} for phase in ("Pending", "Scheduling", "Running")
            ],
        }
        if self.node is not None:
            status["nodeName"] = self.node
        if self.migration is not None:
            status["migrationState"] = self.migration
        return {
            "apiVersion": "kubevirt.io/v1",
            "kind": "VirtualMachineInstance",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "uid": _uid("vmi", self.namespace, self.name),
                "resourceVersion": str(version),
                "creationTimestamp": CREATED,
                "labels": {"kubevirt.io/nodeName": self.node or ""},
                "managedFields": _noise("virt-controller") + _noise("virt-handler"),
            },
            "spec": {"domain": domain, "evictionStrategy": "LiveMigrate", "volumes": [{"name": "rootdisk"}]},
            "status": status,
        }


@dataclass
class Machine:
    """A VirtualMachine: a definition, which stays when its instance is gone."""

    name: str = "web1"
    uuid: str | None = field(default_factory=lambda: str(uuid.uuid4()))
    namespace: str = "default"
    status: str = "Stopped"

    def document(self, version: int) -> Object:
        """The object."""
        return {
            "apiVersion": "kubevirt.io/v1",
            "kind": "VirtualMachine",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "uid": _uid("vm", self.namespace, self.name),
                "resourceVersion": str(version),
                "creationTimestamp": CREATED,
            },
            "spec": {
                "runStrategy": "Halted" if self.status == "Stopped" else "Always",
                "template": {"spec": {"domain": _domain(self.uuid)}},
            },
            "status": {"printableStatus": self.status, "created": self.status != "Stopped"},
        }


@dataclass
class Cluster:
    """All objects, and the resource version, which grows with every change to any of them.

    Attributes:
        versions: the served versions of the group kubevirt.io, the preferred one first; none without KubeVirt.
        fixed: nothing will change, so that lists can be made once and answered from then on.
    """

    nodes: list[Node] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)
    namespaces: set[str] = field(default_factory=lambda: {"default", "kube-system"})
    versions: tuple[str, ...] = ("v1", "v1alpha3")
    resource_version: int = 5_021_337
    fixed: bool = False
    history: History = field(default_factory=History, repr=False)
    _made: dict[tuple[str, str | None], list[tuple[str, bytes]]] = field(default_factory=dict, repr=False)

    def changed(self) -> None:
        """Something was changed: lists that begin from now on show it, those that have begun do not, and it is told to
        whoever watches."""
        with self.history.changed:
            self.resource_version = self.history.note(self.things(), self.resource_version + 1)

    def things(self) -> dict[str, t.Sequence[Node | Instance | Machine]]:
        """All objects by resource."""
        return {
            "nodes": self.nodes, "virtualmachineinstances": self.instances, "virtualmachines": self.machines,
        }  # fmt: skip

    def rows(self, resource: str, namespace: str | None) -> list[tuple[str, bytes]]:
        """Key and JSON of each object, in the order of the keys, as etcd has them."""
        if self.fixed and (resource, namespace) in self._made:
            return self._made[resource, namespace]
        found = []
        for thing in self.things()[resource]:
            place = getattr(thing, "namespace", "")
            if namespace is None or place == namespace:
                document = thing.document(self.history.version_of(resource, place, thing.name, self.resource_version))
                found.append((f"{place}/{thing.name}", json.dumps(document, separators=(",", ":")).encode()))
        found.sort()
        if self.fixed:
            self._made[resource, namespace] = found
        return found


def _domain(firmware: str | None) -> Object:
    domain: Object = {
        "cpu": {"cores": 2, "sockets": 1, "threads": 1},
        "devices": {"disks": [{"name": "rootdisk", "disk": {"bus": "virtio"}}], "interfaces": [{"name": "default"}]},
        "machine": {"type": "pc-q35-rhel9.2.0"},
        "memory": {"guest": "4Gi"},
        "resources": {"requests": {"memory": "4Gi"}},
    }
    if firmware is not None:
        domain["firmware"] = {"uuid": firmware}
    return domain


def _noise(manager: str) -> list[Object]:
    """The bookkeeping of server-side apply, which makes up a good part of every object."""
    fields: Object = {
        f"f:{name}": {"f:status": {}, "f:type": {}} for name in ("spec", "status", "conditions", "interfaces")
    }
    return [{"manager": manager, "operation": "Update", "time": CREATED, "fieldsType": "FieldsV1", "fieldsV1": fields}]


def _uid(*words: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(words)))
