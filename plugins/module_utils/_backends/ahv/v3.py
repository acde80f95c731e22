# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""REST v3, the API of a Prism Central before v4. Private to this collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.pages import Listing, Page, R, read_whole
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.rows import (
    AHV,
    ClusterRow,
    HostRow,
    Told,
    VmRow,
    member,
    number,
    state_of,
    text,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.session import Prism
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._transport import http_errors
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import Answer

MOST = 500
# A Prism Central takes its time for each entity; the page that it does not manage is asked for in smaller ones.
LENGTHS = (250, 60, 20)
_TOO_LONG = (422, 500)
_OTHER_NAMES = re.compile(r"esx|vmware|hyper-v|windows|xen", re.IGNORECASE)


def path(kind: str) -> str:
    """Where the entities of a kind are listed."""
    return f"/api/nutanix/v3/{kind}s/list"


def read(prism: Prism) -> Told:
    """Read everything that is needed.

    Raises:
        Partial: a list could not be read as a whole.
        CannotConnect, Denied, NotFound, BadAnswer: see _transport.http.
    """
    vms = read_whole(Listing("guests", _Reader(prism, "vm", vm_row), LENGTHS[0]), prism.what)
    hosts = read_whole(Listing("hosts", _Reader(prism, "host", host_row), LENGTHS[0]), prism.what)
    clusters = read_whole(Listing("clusters", _Reader(prism, "cluster", cluster_row), LENGTHS[0]), prism.what)
    notes: tuple[str, ...] = ()
    if not any(cluster.central for cluster in clusters):
        notes = (
            f"{prism.what} does not name itself among its clusters; set prism_central to false if it is a Prism Element",
        )
    return Told(vms, hosts, clusters, notes)


class _Reader(t.Generic[R]):
    """Fetches pages, and smaller ones once the server did not manage a large one."""

    def __init__(self, prism: Prism, kind: str, row: t.Callable[[object], R]) -> None:
        self._prism = prism
        self._kind = kind
        self._row = row
        self._lengths = list(LENGTHS)

    def __call__(self, place: int, length: int) -> Page[R]:
        where = path(self._kind)
        answer = self._ask(where, place)
        while answer is None:
            del self._lengths[0]
            answer = self._ask(where, place)
        found, total = self._prism.list_of(answer, f"POST {where}", "entities", "total_matches")
        return Page([self._row(item) for item in found], total)

    def _ask(self, where: str, place: int) -> Answer | None:
        """A page of the present length; None when the server did not manage it, but may manage a smaller one."""
        body = {"kind": self._kind, "offset": place, "length": self._lengths[0]}
        if len(self._lengths) == 1:
            return self._prism.call("POST", where, body=body)
        try:
            answer = self._prism.call("POST", where, body=body, expect=_TOO_LONG)
        except CannotConnect as exc:
            if not http_errors.timed_out(exc):
                raise
            return None
        return None if answer.status in _TOO_LONG else answer


def vm_row(item: object) -> VmRow:
    """A virtual machine of POST /vms/list; those of other hypervisors are listed too."""
    resources = member(item, "status", "resources")
    return VmRow(
        ext_id=text(item, "metadata", "uuid"),
        bios_uuid=None,
        name=text(item, "status", "name") or text(item, "spec", "name"),
        host=text(resources, "host_reference", "uuid"),
        cluster=text(item, "status", "cluster_reference", "uuid"),
        state=state_of(text(resources, "power_state")),
        hypervisor=text(resources, "hypervisor_type") or AHV,
    )


def host_row(item: object) -> HostRow:
    """A host of POST /hosts/list."""
    resources = member(item, "status", "resources")
    version = text(resources, "hypervisor", "hypervisor_full_name")
    other = _OTHER_NAMES.search(version or "")
    return HostRow(
        uuid=text(item, "metadata", "uuid"),
        name=text(item, "status", "name"),
        cluster=text(item, "status", "cluster_reference", "uuid"),
        cluster_name=text(item, "status", "cluster_reference", "name"),
        sockets=number(resources, "num_cpu_sockets"),
        type=AHV,
        version=version,
        serial=text(resources, "serial_number"),
        hypervisor=other[0] if other else AHV,
    )


def cluster_row(item: object) -> ClusterRow:
    """A cluster of POST /clusters/list; the Prism Central itself is among them."""
    services = member(item, "status", "resources", "config", "service_list")
    return ClusterRow(
        uuid=text(item, "metadata", "uuid"),
        name=text(item, "spec", "name") or text(item, "status", "name"),
        central=isinstance(services, list) and "PRISM_CENTRAL" in services,
    )
