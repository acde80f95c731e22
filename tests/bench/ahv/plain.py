# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The plainest script with requests that reads a right mapping from a Prism at rest: the largest pages, nothing guarded."""

from __future__ import annotations

import typing as t

import requests

Document = dict[str, t.Any]


def plain(url: str, ca_path: str, api: str) -> list[Document]:
    """The hosts with their guests."""
    with requests.Session() as session:
        session.auth = ("virtmap", "secret")
        session.verify = ca_path
        session.trust_env = False
        hosts, clusters, guests = {"v2": _v2, "v3": _v3, "v4": _v4}[api](session, url)
    for host in hosts.values():
        host["cluster"] = clusters.get(host["cluster"])
        host["guests"] = []
    for place, guest in guests:
        if place:
            hosts[place]["guests"].append(guest)
    return list(hosts.values())


Found = tuple[dict[str, Document], dict[str, str], t.Iterable[tuple[t.Optional[str], Document]]]


def _v2(session: requests.Session, url: str) -> Found:
    def get(what: str) -> list[Document]:
        answer = session.get(f"{url}/api/nutanix/v2.0/{what}", timeout=300)
        answer.raise_for_status()
        return t.cast("list[Document]", answer.json()["entities"])

    guests = [
        (vm["host_uuid"], {"uuid": vm["uuid"], "name": vm["name"], "state": vm["power_state"]}) for vm in get("vms")
    ]
    hosts = {
        host["uuid"]: {"name": host.get("name"), "cluster": host["cluster_uuid"], "sockets": host["num_cpu_sockets"]}
        for host in get("hosts")
    }
    return hosts, {cluster["uuid"]: cluster["name"] for cluster in get("clusters")}, guests


def _v3(session: requests.Session, url: str) -> Found:
    def listed(kind: str) -> t.Iterator[Document]:
        offset, total = 0, 1
        while offset < total:
            body = {"kind": kind, "offset": offset, "length": 500}
            answer = session.post(f"{url}/api/nutanix/v3/{kind}s/list", json=body, timeout=300)
            answer.raise_for_status()
            page = answer.json()
            yield from page["entities"]
            offset, total = offset + page["metadata"]["length"], page["metadata"]["total_matches"]

    guests = []
    for vm in listed("vm"):
        resources = vm["status"]["resources"]
        place = resources.get("host_reference", {}).get("uuid")
        guest = {"uuid": vm["metadata"]["uuid"], "name": vm["status"]["name"], "state": resources["power_state"]}
        guests.append((place, guest))
    hosts = {
        host["metadata"]["uuid"]: {
            "name": host["status"].get("name"),
            "cluster": host["status"]["cluster_reference"]["uuid"],
            "sockets": host["status"]["resources"].get("num_cpu_sockets"),
        }
        for host in listed("host")
    }
    return hosts, {cluster["metadata"]["uuid"]: cluster["spec"]["name"] for cluster in listed("cluster")}, guests


def _v4(session: requests.Session, url: str) -> Found:
    def listed(path: str) -> t.Iterator[Document]:
        page, seen, total = 0, 0, 1
        while seen < total:
            answer = session.get(f"{url}/api/{path}", params={"$page": page, "$limit": 100}, timeout=300)
            answer.raise_for_status()
            document = answer.json()
            entities = document.get("data", [])
            yield from entities
            page, seen, total = page + 1, seen + len(entities), document["metadata"]["totalAvailableResults"]

    guests = []
    for vm in listed("vmm/v4.0/ahv/config/vms"):
        guest = {"uuid": vm["biosUuid"], "name": vm["name"], "state": vm["powerState"]}
        guests.append((vm.get("host", {}).get("extId"), guest))
    hosts = {
        host["extId"]: {
            "name": host.get("hostName"),
            "cluster": host["cluster"]["uuid"],
            "sockets": host["numberOfCpuSockets"],
        }
        for host in listed("clustermgmt/v4.0/config/hosts")
    }
    clusters = {cluster["extId"]: cluster["name"] for cluster in listed("clustermgmt/v4.0/config/clusters")}
    return hosts, clusters, guests
