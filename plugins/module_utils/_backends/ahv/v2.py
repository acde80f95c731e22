# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""REST v2.0, the API of a Prism Element. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv import v3
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
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, NotFound, Partial

BASE = "/api/nutanix/v2.0"
# Without a length everything comes in one answer, however large it is.
LENGTH = 500
_TYPES = {"kKvm": AHV, "kVMware": "ESX", "kHyperv": "Hyper-V", "kXen": "Xen"}
# Answers that say nothing about which Prism it is.
_FAILURES = frozenset(range(400, 600))


def read(prism: Prism) -> Told:
    """Read everything that is needed.

    Raises:
        NotFound: there is no such API.
        Partial: a list could not be read as a whole.
        CannotConnect, Denied, BadAnswer: see _transport.http; BadAnswer also for a Prism Central.
    """
    try:
        vms = _read_vms(prism)
    except NotFound as exc:
        raise NotFound(f"{exc.message}; set prism_central to true if it is a Prism Central") from exc
    hosts = read_whole(Listing("hosts", _Reader(prism, "hosts", host_row, _by_page), LENGTH, aligned=True), prism.what)
    clusters = read_whole(
        Listing("clusters", _Reader(prism, "clusters", cluster_row, _by_page), LENGTH, aligned=True), prism.what
    )
    return Told(vms, hosts, clusters, _check_kind(prism))


def _read_vms(prism: Prism) -> list[VmRow]:
    """The virtual machines in pages, or where their pages do not fit together in one answer, as large as it may be."""
    try:
        return read_whole(Listing("guests", _Reader(prism, "vms", vm_row, _from_place), LENGTH), prism.what)
    except Partial:
        return read_whole(Listing("guests", _Reader(prism, "vms", vm_row, _at_once), LENGTH), prism.what)


def _at_once(_place: int, _length: int) -> dict[str, int]:
    """How everything is asked for."""
    return {}


def _from_place(place: int, length: int) -> dict[str, int]:
    """How a page of virtual machines is asked for."""
    return {"offset": place, "length": length}


def _by_page(place: int, length: int) -> dict[str, int]:
    """How a page of anything else is asked for."""
    return {"page": place // length + 1, "count": length}


class _Reader(t.Generic[R]):
    """Fetches pages."""

    def __init__(
        self,
        prism: Prism,
        what: str,
        row: t.Callable[[object], R],
        params: t.Callable[[int, int], dict[str, int]],
    ) -> None:
        self._prism = prism
        self._path = f"{BASE}/{what}"
        self._row = row
        self._params = params

    def __call__(self, place: int, length: int) -> Page[R]:
        answer = self._prism.call("GET", self._path, params=self._params(place, length))
        found, total = self._prism.list_of(answer, f"GET {self._path}", "entities", "grand_total_entities")
        return Page([self._row(item) for item in found], total)


def _check_kind(prism: Prism) -> tuple[str, ...]:
    """Make sure that it is no Prism Central, which answers v2.0 with 200 and other content.

    Returns:
        a note where that cannot be told.

    Raises:
        BadAnswer: it is one.
    """
    answer = prism.call("POST", v3.path("cluster"), body={"kind": "cluster", "length": v3.MOST}, expect=_FAILURES)
    if 200 <= answer.status < 300:
        try:
            found, _total = prism.list_of(answer, "", "entities", "total_matches")
        except BadAnswer:
            return ()  # not an answer of v3, which an old Prism Element does not have
        if any(v3.cluster_row(item).central for item in found):
            raise BadAnswer(
                f"{prism.what} is a Prism Central; set prism_central to true, or give the Element as server"
            )
        return ()
    if answer.status in (404, 405):
        return ()
    return (
        f"it is not known whether {prism.what} is a Prism Central, whose answers would be wrong, because it answered "
        f"POST {v3.path('cluster')} with status {answer.status}; check prism_central",
    )


def vm_row(item: object) -> VmRow:
    """A virtual machine of GET /vms."""
    return VmRow(
        ext_id=text(item, "uuid"),
        bios_uuid=None,
        name=text(item, "name"),
        host=text(item, "host_uuid"),
        cluster=None,
        state=state_of(text(item, "power_state")),
    )


def host_row(item: object) -> HostRow:
    """A host of GET /hosts."""
    kind = text(item, "hypervisor_type")
    return HostRow(
        uuid=text(item, "uuid"),
        name=text(item, "name"),
        cluster=text(item, "cluster_uuid"),
        cluster_name=None,
        sockets=number(item, "num_cpu_sockets"),
        type=kind or AHV,
        version=text(item, "hypervisor_full_name"),
        serial=text(item, "serial"),
        hypervisor=_TYPES.get(kind, kind) if kind else AHV,
    )


def cluster_row(item: object) -> ClusterRow:
    """A cluster of GET /clusters."""
    return ClusterRow(text(item, "uuid"), text(item, "name"))
