# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The plainest script with the library kubernetes that reads a right mapping: its own list calls, nothing guarded."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.tests.bench.kubevirt import TOKEN
from kubernetes import client

GROUP = ("kubevirt.io", "v1", "virtualmachineinstances")


def paged(url: str) -> dict[str, t.Any]:
    """Read in pages of 500."""
    return _read(url, 500)


def unpaged(url: str) -> dict[str, t.Any]:
    """Read each list in one answer, as virt-who does."""
    return _read(url, None)


def _read(url: str, limit: int | None) -> dict[str, t.Any]:
    configuration = client.Configuration()
    configuration.host = url
    page: dict[str, t.Any] = {} if limit is None else {"limit": limit}
    with client.ApiClient(configuration, header_name="Authorization", header_value=f"Bearer {TOKEN}") as api:
        nodes: dict[str, dict[str, t.Any]] = {}
        token = None
        while True:
            found = client.CoreV1Api(api).list_node(**page, **_following(token))
            for node in found.items:
                info = node.status.node_info
                nodes[node.metadata.name] = {"id": info.machine_id, "version": info.kubelet_version, "guests": []}
            token = found.metadata._continue
            if not token:
                break
        while True:
            listed = client.CustomObjectsApi(api).list_cluster_custom_object(*GROUP, **page, **_following(token))
            for item in listed["items"]:
                node_name = item["status"].get("nodeName")
                if node_name:
                    paused = any(c["type"] == "Paused" and c["status"] == "True" for c in item["status"]["conditions"])
                    nodes[node_name]["guests"].append(
                        {
                            "uuid": item["spec"]["domain"]["firmware"]["uuid"],
                            "name": item["metadata"]["name"],
                            "state": "paused" if paused else item["status"]["phase"],
                        }
                    )
            token = listed["metadata"].get("continue")
            if not token:
                return nodes


def _following(token: str | None) -> dict[str, t.Any]:
    return {"_continue": token} if token else {}
