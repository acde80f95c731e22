# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""REST v4, the API of a Prism Central from pc.2024.3 on. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.pages import Listing, Page, R, read_whole
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.rows import (
    AHV,
    ClusterRow,
    HostRow,
    Told,
    VmRow,
    number,
    state_of,
    text,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.session import Prism

# The first release of v4, which every later one serves too.
VMS = "/api/vmm/v4.0/ahv/config/vms"
HOSTS = "/api/clustermgmt/v4.0/config/hosts"
CLUSTERS = "/api/clustermgmt/v4.0/config/clusters"
# More is refused.
LIMIT = 100
# Only fields that the API documents for this; an order that is always the same keeps the pages from overlapping.
_VM_WISHES = {"$orderby": "name", "$select": "biosUuid,cluster/extId,extId,host/extId,name,powerState"}
_ORDERED = {"$orderby": "extId"}


def exists(prism: Prism) -> bool:
    """Whether this Prism has the API.

    Raises:
        CannotConnect, Denied, NotFound, BadAnswer: see _transport.http.
    """
    return prism.call("GET", VMS, params={"$page": 0, "$limit": 1}, expect=(404,)).status != 404


def read(prism: Prism) -> Told:
    """Read everything that is needed.

    Raises:
        Partial: a list could not be read as a whole.
        CannotConnect, Denied, NotFound, BadAnswer: see _transport.http.
    """
    vms = read_whole(Listing("guests", _Reader(prism, VMS, _VM_WISHES, vm_row), LIMIT, aligned=True), prism.what)
    hosts = read_whole(Listing("hosts", _Reader(prism, HOSTS, _ORDERED, host_row), LIMIT, aligned=True), prism.what)
    clusters = read_whole(
        Listing("clusters", _Reader(prism, CLUSTERS, _ORDERED, cluster_row), LIMIT, aligned=True), prism.what
    )
    return Told(vms, hosts, clusters)


class _Reader(t.Generic[R]):
    """Fetches pages.

    Args:
        wishes: how the list is to be sorted and reduced; done without where the server does not take it.
    """

    def __init__(self, prism: Prism, path: str, wishes: t.Mapping[str, str], row: t.Callable[[object], R]) -> None:
        self._prism = prism
        self._path = path
        self._wishes = dict(wishes)
        self._row = row

    def __call__(self, place: int, length: int) -> Page[R]:
        params = {"$page": place // length, "$limit": length}
        answer = self._prism.call(
            "GET", self._path, params={**params, **self._wishes}, expect=(400,) if self._wishes else ()
        )
        if answer.status == 400:
            self._wishes = {}
            answer = self._prism.call("GET", self._path, params=params)
        found, total = self._prism.list_of(answer, f"GET {self._path}", "data", "totalAvailableResults")
        return Page([self._row(item) for item in found], total)


def vm_row(item: object) -> VmRow:
    """A virtual machine; the API lists those of AHV only."""
    return VmRow(
        ext_id=text(item, "extId"),
        bios_uuid=text(item, "biosUuid"),
        name=text(item, "name"),
        host=text(item, "host", "extId"),
        cluster=text(item, "cluster", "extId"),
        state=state_of(text(item, "powerState")),
    )


def host_row(item: object) -> HostRow:
    """A host."""
    kind = text(item, "hypervisor", "type") or AHV
    return HostRow(
        uuid=text(item, "extId"),
        name=text(item, "hostName"),
        cluster=text(item, "cluster", "uuid"),
        cluster_name=text(item, "cluster", "name"),
        sockets=number(item, "numberOfCpuSockets"),
        type=AHV,
        version=text(item, "hypervisor", "fullName"),
        serial=text(item, "nodeSerial"),
        # A kind that is not told, or only not to this account, may well be AHV.
        hypervisor=AHV if kind.startswith("$") else kind,
    )


def cluster_row(item: object) -> ClusterRow:
    """A cluster."""
    return ClusterRow(text(item, "extId"), text(item, "name"))
