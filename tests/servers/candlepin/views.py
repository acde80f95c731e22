# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the server holds, as the JSON documents of its answers."""

from __future__ import annotations

import typing as t

from .checkin import Outcome
from .clock import wire_time
from .flavours import Flavour
from .jobs import NAMES, Job
from .model import CONSUMER_TYPES, Consumer, Guest, Owner

Document = dict[str, t.Any]

#: The members of a nested owner.
_OWNER = ("anonymous", "contentAccessMode", "displayName", "href", "id", "key")
#: Members of a consumer that this server only keeps.
_KEPT: Document = {
    "addOns": [],
    "annotations": None,
    "capabilities": [],
    "contentAccessMode": None,
    "contentTags": [],
    "installedProducts": [],
    "releaseVer": {"releaseVer": None},
    "role": "",
    "serviceType": None,
    "usage": "",
}


class InOrder(Document):
    """A document that was stored as text: its members keep their order."""


def alphabetical(document: t.Any) -> t.Any:
    """The same with the members of every object in order of their names."""
    if isinstance(document, InOrder):
        return document
    if isinstance(document, dict):
        return {key: alphabetical(document[key]) for key in sorted(document)}
    if isinstance(document, list):
        return [alphabetical(element) for element in document]
    return document


class Views:
    """The documents of one flavour. The order of members is settled where they are sent."""

    def __init__(self, flavour: Flavour) -> None:
        """For this flavour."""
        self.flavour = flavour

    # -- owners

    @staticmethod
    def owner(owner: Owner) -> Document:
        """A whole owner."""
        return {
            "created": wire_time(owner.created),
            "updated": wire_time(owner.created),
            "id": owner.id,
            "key": owner.key,
            "displayName": owner.display_name,
            "parentOwner": None,
            "contentPrefix": None,
            "defaultServiceLevel": owner.default_service_level,
            "upstreamConsumer": None,
            "logLevel": None,
            "autobindDisabled": False,
            "autobindHypervisorDisabled": False,
            "contentAccessMode": owner.content_access_mode,
            "contentAccessModeList": "entitlement,org_environment",
            "lastRefreshed": None,
            "anonymous": False,
            "claimed": False,
            "href": f"/owners/{owner.key}",
        }

    def nested_owner(self, owner: Owner) -> Document:
        """The owner inside a consumer."""
        whole = self.owner(owner)
        return {name: whole[name] for name in _OWNER}

    def _result_owner(self, owner: Owner) -> Document:
        """The owner inside a result: only its key is told."""
        if self.flavour.short_owner:
            return {"key": owner.key}
        return {**dict.fromkeys(_OWNER), "key": owner.key}

    # -- consumers

    def consumer(self, consumer: Consumer) -> Document:
        """A whole consumer; ``guestIds`` is empty whatever there is."""
        return {**self.consumer_element(consumer), "facts": dict(consumer.facts), "idCert": consumer.id_cert}

    def consumer_element(self, consumer: Consumer) -> Document:
        """A consumer in a list: no facts, no identity certificate."""
        return {
            **_KEPT,
            **{key: value for key, value in consumer.more.items() if key in _KEPT},
            "created": wire_time(consumer.created),
            "updated": wire_time(consumer.updated),
            "id": consumer.id,
            "uuid": consumer.uuid,
            "name": consumer.name,
            "username": consumer.username,
            "entitlementStatus": "disabled",
            "systemPurposeStatus": "disabled",
            "serviceLevel": consumer.service_level,
            "owner": self.nested_owner(consumer.owner),
            "environment": None,
            "environments": None,
            "entitlementCount": 0,
            "lastCheckin": wire_time(consumer.last_checkin),
            "canActivate": False,
            "hypervisorId": self._hypervisor_id(consumer),
            "activationKeys": [],
            "autoheal": True,
            "registrationAuthenticationMethod": None,
            "type": {
                "id": str(1000 + CONSUMER_TYPES.index(consumer.type)),
                "label": consumer.type,
                "manifest": consumer.type == "candlepin",
            },
            "guestIds": [],
            "href": f"/consumers/{consumer.uuid}",
        }

    @staticmethod
    def _hypervisor_id(consumer: Consumer) -> Document | None:
        known = consumer.hypervisor
        if known is None:
            return None
        return {
            "created": wire_time(known.created),
            "updated": wire_time(known.updated),
            "id": known.id,
            "hypervisorId": known.hypervisor_id,
            "reporterId": known.reporter_id,
        }

    @staticmethod
    def guest(guest: Guest, attributes: bool) -> Document:
        """A guest row; lists leave the attributes out."""
        document: Document = {
            "created": wire_time(guest.created),
            "updated": wire_time(guest.updated),
            "id": guest.id,
            "guestId": guest.guest_id,
        }
        return {**document, "attributes": dict(guest.attributes)} if attributes else document

    # -- check-ins

    def result(self, outcome: Outcome) -> Document:
        """The result of a check-in, in this order of members whatever the flavour."""
        entry = self.consumer if self.flavour.full_results else self._result_entry
        return InOrder(
            created=[entry(consumer) for consumer in outcome.created],
            updated=[entry(consumer) for consumer in outcome.updated],
            unchanged=[entry(consumer) for consumer in outcome.unchanged],
            failedUpdate=list(outcome.failed),
        )

    def _result_entry(self, consumer: Consumer) -> Document:
        return {"name": consumer.name, "owner": self._result_owner(consumer.owner), "uuid": consumer.uuid}

    # -- jobs

    def job(self, job: Job, with_result: bool = True) -> Document:
        """A job in the form of its generation; ``with_result`` counts for the old one only."""
        if self.flavour.old_jobs:
            return self._old_job(job, with_result)
        return {
            "attempts": job.attempts,
            "created": wire_time(job.created),
            "endTime": wire_time(job.end),
            "executor": None if job.start is None else "candlepin.example.com",
            "group": None,
            "id": job.id,
            "key": job.key,
            "maxAttempts": 1,
            "name": NAMES[job.key],
            "origin": "candlepin.example.com",
            "previousState": job.previous_state,
            "principal": job.principal,
            "resultData": job.result_data,
            "startTime": wire_time(job.start),
            "state": job.state,
            "statusPath": f"/jobs/{job.id}",
            "updated": wire_time(job.updated),
        }

    @staticmethod
    def _old_job(job: Job, with_result: bool) -> Document:
        return {
            "created": wire_time(job.created),
            "updated": wire_time(job.updated),
            "id": job.id,
            "state": job.state,
            "startTime": wire_time(job.start),
            "finishTime": wire_time(job.end),
            "result": job.result,
            "principalName": job.principal,
            "targetType": "owner",
            "targetId": job.owner_key,
            "ownerId": job.owner_key,
            "correlationId": job.correlation_id,
            "resultData": job.result_data if with_result else "[cloaked]",
            "statusPath": f"/jobs/{job.id}",
            "done": job.terminal,
            "group": "async group",
        }
