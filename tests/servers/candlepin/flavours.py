# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The servers that a client may meet, as differences from the current Candlepin."""

from __future__ import annotations

from dataclasses import dataclass, replace

_BASE = ("cores", "ram", "instance_multiplier", "derived_product", "cert_v3", "guest_limit", "vcpu")
_SECOND = (*_BASE, "hypervisors_async", "storage_band", "remove_by_pool_id", "batch_bind", "org_level_content_access")
_CURRENT = (*_SECOND, "syspurpose", "hypervisors_heartbeat", "multi_environment", "typed_environments")


@dataclass(frozen=True)
class Flavour:
    """What differs between releases and installations."""

    name: str
    prefix: str = "/candlepin"
    version: str = "4.7.5"
    release: str = "1"
    #: False for the hosted service.
    standalone: bool = True
    capabilities: tuple[str, ...] = _CURRENT
    #: POST /hypervisors/{owner} exists.
    async_form: bool = True
    #: POST /hypervisors exists (until 4.2.13).
    sync_form: bool = False
    #: The jobs of 2.x: 202, another shape, a queue instead of blocking, results only when asked for.
    old_jobs: bool = False
    #: Bodies are checked before the job is made (since 3.1).
    checks_body: bool = True
    #: Members of answers in alphabetical order (since 4.7).
    sorted_members: bool = True
    #: Results name the owner by key alone (until 3.1).
    short_owner: bool = False
    #: Results of the sync form hold full consumer documents (0.9).
    full_results: bool = False
    #: Katello stands in front.
    katello: bool = False

    @property
    def full_version(self) -> str:
        """As in the X-Version header."""
        return f"{self.version}-{self.release}"


_CANDLEPIN_2 = Flavour(
    "candlepin2",
    version="2.9.32",
    capabilities=(*_SECOND, "syspurpose", "hypervisors_heartbeat"),
    sync_form=True,
    old_jobs=True,
    checks_body=False,
    sorted_members=False,
    short_owner=True,
)

FLAVOURS: dict[str, Flavour] = {
    flavour.name: flavour
    for flavour in (
        Flavour("plain"),
        Flavour("hosted", prefix="/subscription", version="5.0.3", standalone=False),
        Flavour("katello", prefix="/rhsm", version="4.7.4", katello=True),
        Flavour("candlepin3", version="3.1.31", sync_form=True, sorted_members=False, short_owner=True),
        _CANDLEPIN_2,
        replace(_CANDLEPIN_2, name="katello2", prefix="/rhsm", katello=True),
        Flavour(
            "sam",
            prefix="/sam/api",
            version="0.9.54.25",
            capabilities=_BASE,
            async_form=False,
            sync_form=True,
            old_jobs=True,
            checks_body=False,
            sorted_members=False,
            short_owner=True,
            full_results=True,
        ),
    )
}
