# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The plainest clients that read a right mapping, nothing guarded: the vendor's SDK, and a bare loop."""

from __future__ import annotations

import importlib
import typing as t

import requests
from ansible_collections.virtmap.core.tests.bench.ovirt.account import PASSWORD, USER
from lxml import etree

# Without types.
ovirtsdk4: t.Any = importlib.import_module("ovirtsdk4")
Kept = dict[str, dict[str, t.Any]]


def sdk(ca_path: str, url: str) -> Kept:
    """Read with ovirtsdk4."""
    connection = ovirtsdk4.Connection(
        url=f"{url}/ovirt-engine/api", username=USER, password=PASSWORD, ca_file=ca_path, timeout=300
    )
    system = connection.system_service()
    clusters = {cluster.id: cluster for cluster in system.clusters_service().list()}
    kept: Kept = {
        host.id: {
            "name": host.address,
            "cluster": clusters[host.cluster.id].name,
            "sockets": host.cpu.topology.sockets,
            "version": host.version.full_version,
            "uuid": host.hardware_information.uuid,
            "guests": [],
        }
        for host in system.hosts_service().list()
        if clusters[host.cluster.id].virt_service
    }
    for vm in system.vms_service().list():
        if vm.host is not None:
            kept[vm.host.id]["guests"].append({"uuid": vm.id, "name": vm.name, "state": vm.status.value})
    connection.close()
    return kept


def bare(ca_path: str, url: str) -> Kept:
    """Read with requests and lxml's iterparse, while it arrives."""
    session = requests.Session()
    session.trust_env = False
    session.verify = ca_path
    form = {"grant_type": "password", "scope": "ovirt-app-api", "username": USER, "password": PASSWORD}
    token = session.post(f"{url}/ovirt-engine/sso/oauth/token", data=form, timeout=300).json()["access_token"]
    session.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/xml", "Version": "4"})

    def items(name: str, tag: str) -> t.Iterator[t.Any]:
        answer = session.get(f"{url}/ovirt-engine/api/{name}", stream=True, timeout=300)
        answer.raise_for_status()
        answer.raw.decode_content = True
        for _event, element in etree.iterparse(answer.raw, events=("end",), tag=tag):
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]

    clusters = {
        element.get("id"): element.findtext("name")
        for element in items("clusters", "cluster")
        if element.findtext("virt_service") == "true"
    }
    kept: Kept = {
        element.get("id"): {
            "name": element.findtext("address"),
            "cluster": clusters[element.find("cluster").get("id")],
            "sockets": element.findtext("cpu/topology/sockets"),
            "version": element.findtext("version/full_version"),
            "uuid": element.findtext("hardware_information/uuid"),
            "guests": [],
        }
        for element in items("hosts", "host")
        if element.find("cluster").get("id") in clusters
    }
    for element in items("vms", "vm"):
        host = element.find("host")
        if host is not None:
            guest = {
                "uuid": element.get("id"),
                "name": element.findtext("name"),
                "state": element.findtext("status"),
            }
            kept[host.get("id")]["guests"].append(guest)
    session.post(
        f"{url}/ovirt-engine/services/sso-logout", data={"scope": "ovirt-app-api", "token": token}, timeout=300
    )
    return kept
