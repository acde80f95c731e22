# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Candlepin on a loopback port."""

from __future__ import annotations

import tempfile
import typing as t
from dataclasses import dataclass

from .._http import HttpServer
from .._tls import CertificateAuthority, Pair
from . import (
    routes_checkin,
    routes_consumers,
    routes_discovery,
    routes_guests,
    routes_jobs,
    routes_owners,
)
from .app import Candlepin
from .control import CandlepinControl
from .flavours import FLAVOURS, Flavour
from .identity import issue_content_certificate, issue_identity
from .jobs import JobQueue
from .katello import Katello
from .model import Consumer
from .store import Store


@dataclass(frozen=True)
class Registered:
    """A registered system and its identity certificate."""

    consumer: Consumer
    pair: Pair

    @property
    def uuid(self) -> str:
        """Its uuid, which is the ``CN`` of the certificate."""
        return self.consumer.uuid


class CandlepinServer(HttpServer):
    """An in-memory Candlepin, alone or behind Katello.

    ::

        with CandlepinServer("katello", tls=ca, owners=["acme"], users={"virtwho": "secret"}) as cp:
            reporter = cp.register("acme", "reporter.example.com")
            requests.post(cp.api + "/hypervisors/acme", data=body, headers={"Content-Type": "text/plain"},
                          cert=(reporter.pair.cert, reporter.pair.key), verify=ca.path)
            cp.jobs.settle()
            assert list(cp.state.hypervisors_of("acme")) == ["host-1"]

    ``cp.jobs`` sets the pace of jobs, ``cp.state.settings`` everything an administrator can set, ``cp.faults`` breaks
    requests, ``cp.log`` tells what was asked.
    """

    def __init__(
        self,
        flavour: str | Flavour = "plain",
        *,
        tls: CertificateAuthority | None = None,
        server_pair: Pair | None = None,
        owners: t.Iterable[str] = ("acme",),
        users: t.Mapping[str, str] | None = None,
        prefix: str | None = None,
        **options: t.Any,
    ) -> None:
        """``tls`` signs the server's certificate (or ``server_pair`` is it) and those of consumers.

        ``users`` are names and passwords of users who may do everything in all ``owners``; finer rights with
        ``cp.state.add_user``. ``prefix`` replaces the flavour's. More options are those of :class:`HttpServer`.
        """
        self.flavour = FLAVOURS[flavour] if isinstance(flavour, str) else flavour
        self.prefix = self.flavour.prefix if prefix is None else prefix.rstrip("/")
        if self.prefix != self.flavour.prefix:
            self.flavour = _with_prefix(self.flavour, self.prefix)
        self._folder = None if tls else tempfile.TemporaryDirectory(prefix="candlepin-")
        self.ca = tls or CertificateAuthority(t.cast(t.Any, self._folder).name, "Candlepin CA")
        self.state = Store()
        self.state.settings.capabilities = set(self.flavour.capabilities)
        for key in owners:
            self.state.add_owner(key)
        for name, password in (users or {}).items():
            self.state.add_user(name, password)
        self.jobs = JobQueue(self.state.clock, self.flavour.old_jobs)
        self.candlepin = Candlepin(self.flavour, self.state, self.jobs, self.ca)
        for module in (routes_discovery, routes_consumers, routes_guests, routes_owners):
            module.add_routes(self.candlepin.routes)
        routes_checkin.add_routes(self.candlepin.routes, self.flavour)
        routes_jobs.add_routes(self.candlepin.routes, self.flavour)
        application = Katello(self.candlepin) if self.flavour.katello else self.candlepin
        context = tls.server_context(server_pair, client_ca=tls) if tls else None
        super().__init__(application, tls=context, **options)
        if self.control is not None:
            CandlepinControl(self, self.control.routes)

    @property
    def api(self) -> str:
        """The URL that the paths of the API are appended to."""
        return self.url + self.prefix

    def start(self) -> CandlepinServer:
        """Serve, and begin to work on jobs."""
        self.jobs.start()
        return super().start()

    def stop(self) -> None:
        """End both."""
        super().stop()
        self.jobs.stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def register(self, owner: str, name: str = "reporter.example.com", *, expired: bool = False) -> Registered:
        """A registered system, as if subscription-manager had run: a reporter with its certificate."""
        now = self.state.clock.now()
        consumer = Consumer(self.state.owners[owner], name, "system", created=now, updated=now, last_checkin=now)
        self.state.add(consumer)
        return Registered(consumer, issue_identity(self.ca, consumer, now, expired=expired))

    def content_certificate(self, consumer: Consumer) -> Pair:
        """A certificate for content with the same subject: refused as an identity."""
        return issue_content_certificate(self.ca, consumer)


def _with_prefix(flavour: Flavour, prefix: str) -> Flavour:
    return Flavour(**{**flavour.__dict__, "prefix": prefix})
