# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The smallest HTTP backend, with its server: shows how one plugs into the contract, and keeps the suite itself honest.

Log in with POST /login, then GET /hosts and GET /guests in pages of 100, with the token that the log in gave.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, Denied
from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    Guest,
    GuestState,
    Host,
    Mapping,
    Skipped,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    PROXY,
    TIMEOUT,
    TLS,
    OptionGroup,
    from_environment,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request, Response, faults
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, HttpFaults, Source
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, HostSpec

PAGE = 100
PASSWORD = "correct horse"
OPTIONS = (
    OptionGroup(
        {
            "server": {"type": "str", "required": True},
            "port": {"type": "int", "default": 443},
            "username": from_environment("AHV_USERNAME", type="str", required=True),
            "password": from_environment("AHV_PASSWORD", type="str", required=True, no_log=True),
        }
    )
    + TIMEOUT
    + TLS
    + PROXY
)


# -- the backend


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: t.Callable[[str], None]) -> Mapping:
    """Ask the service for its hosts and guests."""
    selection.allow_ids(("uuid", "hostname"), "example")
    server = parse_server(options["server"], port=options["port"])
    with HttpClient(
        server,
        what=f"the example service {server.authority}",
        timeout=options["timeout"],
        validate_certs=options["validate_certs"],
        ca_path=options["ca_path"],
        proxy=options["proxy"],
    ) as client:
        session = _Session(client, options)
        hosts, guests = session.pages("/hosts"), session.pages("/guests")
    skipped: list[Skipped] = []
    by_host: dict[str, list[Guest]] = {}
    unplaced: list[Guest] = []
    for guest in guests:
        if not guest.get("uuid"):
            skipped.append(Skipped("guest", guest.get("name") or "(no name)", "no uuid"))
            continue
        found = Guest(guest["uuid"], guest["name"], GuestState.from_number(guest["state"]))
        (by_host.setdefault(guest["host"], []) if guest["host"] else unplaced).append(found)
    return assemble(
        backend="ahv",
        source=server.host,
        hosts=[_host(host, by_host.get(host["ref"], [])) for host in hosts],
        selection=selection,
        warn=warn,
        skipped=skipped,
        unplaced=unplaced,
    )


def _host(data: dict[str, t.Any], guests: list[Guest]) -> Host:
    return Host(
        ids={"uuid": data.get("uuid"), "hostname": data.get("hostname")},
        uuid=data.get("uuid"),
        name=data.get("name"),
        cluster=data.get("cluster"),
        parent=data.get("parent"),
        parents=tuple(parent for parent in (data.get("cluster"), data.get("parent")) if parent),
        facts=data["facts"],
        guests=guests,
    )


class _Session:
    def __init__(self, client: HttpClient, options: t.Mapping[str, t.Any]) -> None:
        self.client = client
        self.options = options
        self.login()

    def login(self) -> None:
        credentials = {name: self.options[name] for name in ("username", "password")}
        answer = self.client.request("POST", "/login", json_body=credentials).json()
        if not isinstance(answer, dict) or not isinstance(answer.get("token"), str):
            raise BadAnswer(f"{self.client.what} gave no token; check that it is the right service")
        self.client.headers["X-Token"] = answer["token"]

    def pages(self, path: str) -> list[dict[str, t.Any]]:
        found: list[dict[str, t.Any]] = []
        page: int | None = 0
        while page is not None:
            answer = self._page(path, page)
            if not isinstance(answer, dict) or not isinstance(answer.get("items"), list) or "next" not in answer:
                raise BadAnswer(f"{self.client.what} answered GET {path} without a list of items; look at its log")
            found += answer["items"]
            page = answer["next"]
        return found

    def _page(self, path: str, page: int) -> t.Any:
        try:
            return self.client.request("GET", path, params={"page": page}).json()
        except Denied:
            self.login()
            return self.client.request("GET", path, params={"page": page}).json()


# -- its server


class Service:
    """The service, holding a fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self.lists: dict[str, list[dict[str, t.Any]]] = {
            "/hosts": [_host_data(f"ref{number}", host) for number, host in enumerate(fleet.hosts)],
            "/guests": [
                {"uuid": guest.uuid, "name": guest.name, "state": int(guest.state), "host": place}
                for place, guests in [
                    *((f"ref{number}", host.guests) for number, host in enumerate(fleet.hosts)),
                    (None, fleet.unplaced),
                ]
                for guest in guests
            ],
        }

    def __call__(self, request: Request) -> Response:
        if request.path == "/login":
            good = request.json() == {"username": "reader", "password": PASSWORD}
            return Response.json({"token": "t0ken"}) if good else Response.json({"message": "wrong password"}, 401)
        if request.header("X-Token") != "t0ken":
            return Response.json({"message": "no session"}, 401)
        items = self.lists[request.path]
        start = int(request.argument("page") or 0) * PAGE
        following = start // PAGE + 1 if start + PAGE < len(items) else None
        return Response.json({"items": items[start : start + PAGE], "next": following})


def _host_data(ref: str, host: HostSpec) -> dict[str, t.Any]:
    names = {"uuid": host.ids["uuid"], "hostname": host.ids["hostname"], "name": host.name}
    return {"ref": ref, **names, "cluster": host.cluster, "parent": host.parent, "facts": host.facts}


@contextlib.contextmanager
def start(fleet: Fleet, folder: Path) -> t.Iterator[Source]:
    """Run the service over TLS."""
    authority = CertificateAuthority(folder / "ca")
    fleet = replace(fleet, hosts=tuple(_told(host) for host in fleet.hosts))
    with HttpServer(Service(fleet), tls=authority.server_context()) as server:
        options = {
            "server": server.host,
            "port": server.port,
            "username": "reader",
            "password": PASSWORD,
            "ca_path": str(authority.path),
            "timeout": 10,
        }
        skipped = [("guest", guest.name or "") for host in fleet.hosts for guest in host.guests if guest.uuid is None]
        skipped += [("host", host.name or "") for host in fleet.hosts if host.broken]
        kept = [
            replace(host, guests=tuple(guest for guest in host.guests if guest.uuid))
            for host in fleet.hosts
            if not host.broken
        ]
        held = replace(fleet, hosts=tuple(kept))
        yield Source(options, held, server.host, secrets=(PASSWORD, "t0ken"), skipped=tuple(skipped), server=server)


def _told(host: HostSpec) -> HostSpec:
    facts = {"cpu.cpu_socket(s)": "2", "hypervisor.type": "AHV", "hypervisor.version": "6.5"}
    facts.update(
        {key: value for key, value in (("dmi.system.uuid", host.uuid), ("hypervisor.cluster", host.cluster)) if value}
    )
    return replace(host, facts={**facts})


BACKENDS = [
    Backend(
        name="ahv",
        label="example",
        has_module=False,
        group=OPTIONS,
        collect=collect,
        ids=("uuid", "hostname"),
        start=start,
        dead={"server": "127.0.0.1", "port": 1, "username": "reader", "password": PASSWORD, "timeout": 1},
        unplaced=(GuestState.SHUT_OFF,),
        http=HttpFaults(
            logins=1,
            login=lambda request: request.path == "/login",
            second_page=lambda request: request.argument("page") == "1",
            expired=faults.status(401, {"message": "session expired"}),
            heals=frozenset({"session_expires"}),
        ),
    )
]
