# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The Kubernetes test server against what was recorded from an API server, seen by plain HTTP and by the library kubernetes."""

from __future__ import annotations

import gzip
import http.client
import json
import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers.kubevirt import (
    Account,
    Accounts,
    Cluster,
    Instance,
    KubernetesServer,
    Node,
)
from kubernetes import client

TOKEN = "a-token"
INSTANCES = "/apis/kubevirt.io/v1/virtualmachineinstances"
LIMITED = Account("jane", "jane-token", frozenset(), {"team-a": frozenset({"virtualmachineinstances"})})


@pytest.fixture
def server() -> t.Iterator[KubernetesServer]:
    cluster = Cluster(
        [Node("node1"), Node("node2")],
        [Instance(f"vm{number}", namespace="team-a" if number % 2 else "team-b") for number in range(7)],
    )
    with KubernetesServer(cluster, Accounts(Account(token=TOKEN), LIMITED)) as running:
        yield running


def ask(
    server: KubernetesServer, path: str, token: str | None = TOKEN, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """One request."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    connection.request("GET", path, headers={**bearer, **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def listed(server: KubernetesServer, path: str) -> dict[str, t.Any]:
    """A list as it comes."""
    answer, body = ask(server, path)
    assert answer.status == 200, body
    document: dict[str, t.Any] = json.loads(body)
    return document


def refusal(server: KubernetesServer, path: str, token: str | None = TOKEN) -> tuple[int, dict[str, t.Any]]:
    """Status and body of a refusal."""
    answer, body = ask(server, path, token)
    document = json.loads(body)
    assert (document["kind"], document["status"], document["code"]) == ("Status", "Failure", answer.status)
    return answer.status, document


def test_pages_come_from_one_snapshot(server: KubernetesServer) -> None:
    first = listed(server, f"{INSTANCES}?limit=4")
    assert first["metadata"]["remainingItemCount"] == 3
    server.cluster.instances.clear()
    server.cluster.changed()
    second = listed(server, f"{INSTANCES}?limit=4&continue={first['metadata']['continue']}")
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert second["metadata"]["continue"] == ""
    assert "remainingItemCount" not in second["metadata"]
    keys = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in first["items"] + second["items"]]
    assert keys == sorted(keys)
    assert len(keys) == 7
    assert listed(server, INSTANCES)["items"] == []


def test_kinds(server: KubernetesServer) -> None:
    nodes, instances = listed(server, "/api/v1/nodes"), listed(server, INSTANCES)
    assert (nodes["kind"], nodes["apiVersion"]) == ("NodeList", "v1")
    assert "continue" not in nodes["metadata"]
    assert not any("kind" in item for item in nodes["items"]), "objects of the core carry none within a list"
    assert {item["kind"] for item in instances["items"]} == {"VirtualMachineInstance"}
    assert int(instances["metadata"]["resourceVersion"]) > 0


def test_tokens_of_lists(server: KubernetesServer) -> None:
    first = listed(server, f"{INSTANCES}?limit=4")
    server.compact()
    code, document = refusal(server, f"{INSTANCES}?limit=4&continue={first['metadata']['continue']}")
    assert (code, document["reason"]) == (410, "Expired")
    assert document["metadata"]["continue"]
    assert refusal(server, f"{INSTANCES}?limit=4&continue=nonsense")[1]["reason"] == "BadRequest"


def test_rights(server: KubernetesServer) -> None:
    assert refusal(server, "/api/v1/nodes", "wr0ng")[0] == 401
    assert refusal(server, "/version", "wr0ng")[0] == 401
    code, document = refusal(server, "/api/v1/nodes", None)
    assert code == 403, "who shows nothing is somebody without rights"
    assert "system:anonymous" in document["message"]
    code, document = refusal(server, INSTANCES, "jane-token")
    assert (code, document["reason"]) == (403, "Forbidden")
    assert document["message"] == (
        'virtualmachineinstances.kubevirt.io is forbidden: User "jane" cannot list resource "virtualmachineinstances" '
        'in API group "kubevirt.io" at the cluster scope'
    )
    place = INSTANCES.replace("/v1/", "/v1/namespaces/team-a/")
    answer, body = ask(server, place, "jane-token")
    assert answer.status == 200
    assert len(json.loads(body)["items"]) == 3
    assert ask(server, INSTANCES.replace("/v1/", "/v1/namespaces/typo/"))[0].status == 200, "an empty list, not 404"


def test_what_is_not_there_is_plain_text(server: KubernetesServer) -> None:
    for path in ("/apis/example.com", "/apis/kubevirt.io/v1/cows", "/apis/kubevirt.io/v9/virtualmachines"):
        answer, body = ask(server, path)
        assert (answer.status, body) == (404, b"404 page not found\n")
        assert (answer.getheader("Content-Type") or "").startswith("text/plain")
    server.cluster.versions = ()
    assert ask(server, "/apis/kubevirt.io")[0].status == 404


def test_an_old_version_warns(server: KubernetesServer) -> None:
    answer, _body = ask(server, INSTANCES.replace("/v1/", "/v1alpha3/"))
    assert (answer.getheader("Warning") or "").startswith("299 - ")


def test_only_large_answers_are_packed_and_only_when_asked(server: KubernetesServer) -> None:
    server.cluster.instances = [Instance(f"vm{number}") for number in range(200)]
    answer, body = ask(server, INSTANCES, **{"Accept-Encoding": "gzip"})
    assert answer.getheader("Content-Encoding") == "gzip"
    assert len(json.loads(gzip.decompress(body))["items"]) == 200
    assert ask(server, INSTANCES)[0].getheader("Content-Encoding") is None
    assert ask(server, f"{INSTANCES}?limit=1", **{"Accept-Encoding": "gzip"})[0].getheader("Content-Encoding") is None


def test_the_library_understands_it(server: KubernetesServer) -> None:
    configuration = client.Configuration()
    configuration.host = server.url
    configuration.api_key["authorization"] = f"Bearer {TOKEN}"
    with client.ApiClient(configuration, header_name="Authorization", header_value=f"Bearer {TOKEN}") as api:
        nodes = client.CoreV1Api(api).list_node(limit=1)
        assert [node.status.node_info.kubelet_version for node in nodes.items] == ["v1.28.7"]
        assert nodes.metadata._continue
        found = client.CustomObjectsApi(api).list_cluster_custom_object(
            "kubevirt.io", "v1", "virtualmachineinstances", limit=3
        )
        assert len(found["items"]) == 3
