# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""One Candlepin server over one connection, its errors in plain words. Private to this collection."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.settings import Settings
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import Answer, HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_errors import server_message

# What a Candlepin says of a path that it does not have, and not of a thing that it does not hold.
_NO_RESOURCE = "Could not find resource for"
# Statuses whose sentence is written here, where it is known what they mean to a Candlepin.
_EXPLAINED = frozenset({400, 401, 403, 404, 410, 415})


@dataclass(frozen=True)
class Status:
    """What ``GET /status`` tells.

    Attributes:
        capabilities: the members of ``managerCapabilities``.
        katello: whether the server stands behind a Katello (Satellite 6).
        time: the server's clock; it may lag a few minutes. That of this host where the server does not tell.
    """

    version: str
    capabilities: frozenset[str]
    katello: bool
    time: datetime

    @property
    def asynchronous(self) -> bool:
        """Whether check-ins are jobs; Candlepin before 2.0.3 and SAM know only the old form."""
        return "hypervisors_async" in self.capabilities

    @property
    def heartbeat(self) -> bool:
        """Whether the server takes heartbeats (Candlepin 2.7.1 and newer)."""
        return "hypervisors_heartbeat" in self.capabilities


class Candlepin:
    """A Candlepin, Satellite 6 or RHSM server.

    Raises:
        MissingLibrary: urllib3 is not installed.
        InvalidInput: a certificate file cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.what = f"the Candlepin server {settings.server.authority}{settings.server.path}"
        self._status: Status | None = None
        self._resources: frozenset[str] | None = None
        self._http = HttpClient(
            settings.server,
            what=self.what,
            timeout=settings.timeout,
            validate_certs=settings.validate_certs,
            ca_path=settings.ca_path,
            client_cert=settings.client_cert,
            client_key=settings.client_key,
            proxy=settings.proxy,
            username=settings.username,
            password=settings.password,
            headers={
                "Accept": "application/json",
                "User-Agent": "virtmap.core",
                # Found again in the log of the server; without dashes and below 40 characters it is kept as it is.
                "X-Correlation-ID": uuid.uuid4().hex,
            },
        )

    def __enter__(self) -> Candlepin:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        params: t.Mapping[str, t.Any] | None = None,
        body: bytes | None = None,
        json_body: t.Any = None,
        content_type: str | None = None,
        repeatable: bool = True,
        missing: str | None = None,
    ) -> Answer:
        """Make one exchange.

        Args:
            missing: what a 404 with a message of the server means here, completes "<server> ".

        Raises:
            CannotConnect, Denied, NotFound, BadAnswer: one sentence for the user.
        """
        answer = self._http.request(
            method, path, params=params, body=body, json_body=json_body, expect=_EXPLAINED, repeatable=repeatable,
            headers={"Content-Type": content_type} if content_type else None,
        )  # fmt: skip
        if answer.status in _EXPLAINED:
            raise self._explained(answer, f"{method} {self.settings.server.path}{path}", missing)
        return answer

    def status(self) -> Status:
        """What the server is and can, asked once.

        Raises:
            CannotConnect: the server says that it cannot work now.
            BadAnswer: this is no Candlepin.
        """
        if self._status is None:
            answer = self.call("GET", "/status")
            document = answer.json()
            if not isinstance(document, dict) or not {"result", "version", "managerCapabilities"} & document.keys():
                raise BadAnswer(f"{self.what} answered GET /status with something else; check server, port and prefix")
            if document.get("result") is not True:
                raise CannotConnect(
                    f"{self.what} says that it is not usable now{_mode(document)}; run the task again later"
                )
            capabilities = document.get("managerCapabilities") or []
            if not isinstance(capabilities, list):
                raise BadAnswer(
                    f"{self.what} answered GET /status with managerCapabilities that are no list; report this to its "
                    "maker"
                )
            self._status = Status(
                version=str(document.get("version") or ""),
                capabilities=frozenset(str(item) for item in capabilities),
                katello="katello" in answer.headers.get("x-candlepin-version", "").lower(),
                time=read_moment(document.get("timeUTC")) or datetime.now(timezone.utc),
            )
        return self._status

    def resources(self) -> frozenset[str]:
        """The names of the resources that the server lists, asked once.

        Raises:
            BadAnswer: it lists something else.
        """
        if self._resources is None:
            items = self.call("GET", "/").json()
            if not isinstance(items, list):
                raise BadAnswer(f"{self.what} answered GET / with something that is no list of resources")
            self._resources = frozenset(str(item.get("rel")) for item in items if isinstance(item, dict))
        return self._resources

    def owner(self) -> str:
        """The key of the owner (organization) to report for: as given, as in the certificate, else as the server tells.

        Raises:
            InvalidInput: the user has several owners, or none.
        """
        settings = self.settings
        if settings.owner:
            return settings.owner
        if settings.identity is not None:
            if settings.identity.owner:
                return settings.identity.owner
            missing = f"does not know the consumer {shown(settings.identity.uuid)} of the client certificate"
            owners = [
                self.call("GET", f"/consumers/{quote(settings.identity.uuid, safe='')}/owner", missing=missing).json()
            ]
        else:
            missing = f"does not tell the owners of the user {shown(settings.username)}; give owner"
            found = self.call("GET", f"/users/{quote(settings.username or '', safe='')}/owners", missing=missing).json()
            owners = found if isinstance(found, list) else []
        keys = [owner["key"] for owner in owners if isinstance(owner, dict) and isinstance(owner.get("key"), str)]
        if len(keys) == 1:
            return str(keys[0])
        several = f"the user may use {len(keys)} owners ({listed(sorted(keys))})" if keys else f"{self.what} names none"
        raise InvalidInput(f"give owner, the key (Satellite: the label) of the organization to report for: {several}")

    def _explained(self, answer: Answer, request: str, missing: str | None) -> VirtmapError:
        said = server_message(answer.body)
        says = f"{answer.status}: {said}" if said else str(answer.status)
        settings = self.settings
        if answer.status == 401:
            if settings.identity is None:
                return Denied(
                    f"{self.what} refused the user {shown(settings.username)} ({says}); check username and password"
                )
            advice = (
                "; a proxy that opens TLS drops the certificate, so check the option proxy too"
                if settings.proxy
                else ""
            )
            return Denied(
                f"{self.what} refused the client certificate {settings.client_cert} ({says}); check that it is the "
                f"identity of a host that is registered there{advice}"
            )
        if answer.status == 403:
            return Denied(
                f"{self.what} does not allow {request} ({says}); give the account the right to report hypervisors for "
                "this organization, and check the name of the organization"
            )
        if answer.status == 410:
            return self._gone(answer, request, says)
        if answer.status == 404:
            if missing and said and _NO_RESOURCE not in said:
                return NotFound(f"{self.what} {missing} ({says})")
            return NotFound(f"{self.what} does not know {request} ({says}); check server, port and prefix")
        return BadAnswer(f"{self.what} refused {request} ({says}); look at the server's log")

    def _gone(self, answer: Answer, request: str, says: str) -> VirtmapError:
        try:
            document = answer.json()
        except BadAnswer:
            document = None
        deleted = document.get("deletedId") if isinstance(document, dict) else None
        own = self.settings.identity.uuid if self.settings.identity is not None else None
        if deleted and own is not None and str(deleted).lower() == own.lower():
            return Denied(
                f"the consumer {shown(own)} that reports was deleted at {self.what} ({says}); register this host again "
                "or give other credentials"
            )
        return NotFound(
            f"{self.what} says that what {request} asks for was deleted ({says}); check owner and the credentials"
        )


def read_moment(value: t.Any) -> datetime | None:
    """A moment as Candlepin writes it, ``2026-11-21T08:00:00+0000``; None for anything else."""
    for form in ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z") if isinstance(value, str) else ():
        try:
            return datetime.strptime(value, form)
        except ValueError:
            continue
    return None


def owner_missing(owner: str, settings: Settings) -> str:
    """What a 404 means for a request about an owner."""
    of_certificate = settings.identity.owner if settings.identity is not None else None
    hint = (
        f"; the client certificate belongs to {shown(of_certificate)}"
        if of_certificate and of_certificate != owner
        else ""
    )
    return (
        f"does not know the owner {shown(owner)}, or this account has no right to it: owner is the key (Satellite: the "
        f"label) of the organization, and its case counts{hint}"
    )


def _mode(document: dict[str, t.Any]) -> str:
    mode, reason = document.get("mode"), document.get("modeReason")
    words = f" (mode {shown(mode)}" if mode else ""
    return f"{words}, {shown(reason)})" if words and reason else f"{words})" if words else ""
