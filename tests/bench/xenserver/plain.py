# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The plainest scripts that read a right mapping: with the vendor's package, with requests, and in virt-who's way."""

from __future__ import annotations

import importlib
import typing as t

import requests

# It has no types that a checker could use.
library: t.Any = importlib.import_module("XenAPI")
Records = dict[str, dict[str, t.Any]]
KINDS = ("pool", "host", "host_metrics", "VM")
LOGIN = ("root", "secret", "2.0", "bench")


def package(url: str, _ca_path: str) -> dict[str, t.Any]:
    """XML-RPC in bulk, with the package XenAPI."""
    session = library.Session(url, ignore_ssl=True)
    session.xenapi.login_with_password(*LOGIN)
    try:
        told = {kind: getattr(session.xenapi, kind).get_all_records() for kind in KINDS}
    finally:
        session.xenapi.session.logout()
    return _placed(told)


def json_rpc(url: str, ca_path: str) -> dict[str, t.Any]:
    """JSON-RPC in bulk, with requests."""
    with requests.Session() as http:

        def call(method: str, *parameters: str) -> t.Any:
            body = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}
            answer = http.post(f"{url}/jsonrpc", json=body, timeout=300, verify=ca_path)
            answer.raise_for_status()
            return answer.json()["result"]

        session = call("session.login_with_password", *LOGIN)
        try:
            told = {kind: call(f"{kind}.get_all_records", session) for kind in KINDS}
        finally:
            call("session.logout", session)
    return _placed(told)


def one_by_one(url: str, _ca_path: str) -> dict[str, t.Any]:
    """A call for each host and each guest, as virt-who makes them."""
    session = library.Session(url, ignore_ssl=True)
    session.xenapi.login_with_password(*LOGIN)
    told: dict[str, Records] = {kind: {} for kind in KINDS}
    try:
        for host in session.xenapi.host.get_all():
            told["host"][host] = session.xenapi.host.get_record(host)
            for machine in session.xenapi.host.get_resident_VMs(host):
                told["VM"][machine] = session.xenapi.VM.get_record(machine)
    finally:
        session.xenapi.session.logout()
    return _placed(told)


def _placed(told: dict[str, Records]) -> dict[str, t.Any]:
    hosts: dict[str, t.Any] = {}
    for ref, record in told["host"].items():
        facts = (record["cpu_info"].get("socket_count"), record["software_version"].get("product_version"))
        hosts[ref] = {"id": record["uuid"], "name": record["hostname"], "facts": facts, "guests": []}
    for record in told["VM"].values():
        other = record["is_a_template"] or record["is_a_snapshot"] or record["is_control_domain"]
        if not other and record["resident_on"] in hosts:
            guest = {"uuid": record["uuid"], "name": record["name_label"], "state": record["power_state"]}
            hosts[record["resident_on"]]["guests"].append(guest)
    return hosts
