# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The Kubernetes test server against what was recorded from an API server, seen by plain HTTP and by the library kubernetes."""

from __future__ import annotations

import gzip
import http.client
import json
import typing as t
from urllib.parse import urlencode

import pytest
from ansible_collections.virtmap.core.tests.servers.kubevirt import (
    Account,
    Accounts,
    Cluster,
    Instance,
    KubernetesServer,
    Node,
)
from kubernetes import client, watch

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


class Watching:
    """A watch, read line by line."""

    def __init__(self, server: KubernetesServer, path: str, version: str, token: str = TOKEN, **params: str) -> None:
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
        query = urlencode({"watch": "1", "resourceVersion": version, **params})
        self.connection.request("GET", f"{path}?{query}", headers={"Authorization": f"Bearer {token}"})
        self.answer = self.connection.getresponse()

    def line(self) -> tuple[str, dict[str, t.Any]]:
        """Type and object of the next event."""
        event = json.loads(self.answer.readline())
        return event["type"], event["object"]

    def lines(self) -> list[tuple[str, str]]:
        """Type and version of each event, to the end."""
        found = [json.loads(line) for line in self.answer.read().splitlines()]
        self.connection.close()
        return [(event["type"], event["object"]["metadata"].get("resourceVersion", "")) for event in found]


def test_a_watch_tells_changes_from_a_version_on(server: KubernetesServer) -> None:
    cluster, version = server.cluster, listed(server, INSTANCES)["metadata"]["resourceVersion"]
    running = Watching(server, INSTANCES, version)
    assert running.answer.headers["Transfer-Encoding"] == "chunked"
    cluster.instances[0].node = "node2"
    cluster.changed()
    kind, item = running.line()
    assert (kind, item["kind"], item["status"]["nodeName"]) == ("MODIFIED", "VirtualMachineInstance", "node2")
    assert int(item["metadata"]["resourceVersion"]) > int(version)
    cluster.instances.append(Instance("new"))
    cluster.changed()
    assert running.line()[0] == "ADDED"
    gone = cluster.instances.pop()
    cluster.changed()
    kind, item = running.line()
    assert (kind, item["metadata"]["name"]) == ("DELETED", gone.name)
    running.connection.close()
    again = Watching(server, INSTANCES, version, timeoutSeconds="0").lines()
    assert again == [], "no time to tell anything"
    nodes = Watching(server, "/api/v1/nodes", version, timeoutSeconds="0.05").lines()
    assert nodes == [], "another resource"
    assert [kind for kind, _version in Watching(server, INSTANCES, version, timeoutSeconds="0.05").lines()] == [
        "MODIFIED",
        "ADDED",
        "DELETED",
    ]
    limited = INSTANCES.replace("virtual", "namespaces/team-a/virtual")
    assert Watching(server, limited, version, "jane-token", timeoutSeconds="0.05").lines() == []


def test_bookmarks(server: KubernetesServer) -> None:
    server.bookmark_every = 0.02
    version = str(server.cluster.resource_version)
    kinds = Watching(server, "/api/v1/nodes", version, timeoutSeconds="0.3", allowWatchBookmarks="true").lines()
    assert len(kinds) > 1
    assert set(kinds) == {("BOOKMARK", version)}
    assert Watching(server, "/api/v1/nodes", version, timeoutSeconds="0.05").lines() == []


def test_a_watch_without_a_version_begins_with_all(server: KubernetesServer) -> None:
    kinds = Watching(server, "/api/v1/nodes", "", timeoutSeconds="0.05").lines()
    assert [kind for kind, _version in kinds] == ["ADDED", "ADDED"]


def test_a_watch_from_a_version_that_is_forgotten(server: KubernetesServer) -> None:
    version = str(server.cluster.resource_version)
    server.compact()
    kind, item = Watching(server, INSTANCES, version).line()
    assert (kind, item["kind"], item["code"], item["reason"]) == ("ERROR", "Status", 410, "Expired")
    assert item["message"].startswith(f"too old resource version: {version} (")
    server.gone_as_status = True
    assert refusal(server, f"{INSTANCES}?watch=1&resourceVersion={version}")[0] == 410
    future = str(server.cluster.resource_version + 5)
    assert Watching(server, INSTANCES, future, timeoutSeconds="0.05").lines() == []
    assert refusal(server, f"{INSTANCES}?watch=1&resourceVersion=x")[0] == 400


def test_who_may_list_may_not_always_watch(server: KubernetesServer) -> None:
    server.accounts.accounts[0] = Account(token=TOKEN, verbs=frozenset({"list"}))
    status, document = refusal(server, f"{INSTANCES}?watch=1")
    assert (status, 'cannot watch resource "virtualmachineinstances"' in document["message"]) == (403, True)


def test_the_library_follows_the_watch(server: KubernetesServer) -> None:
    configuration = client.Configuration(host=server.url)
    configuration.api_key = {"authorization": f"Bearer {TOKEN}"}
    with client.ApiClient(configuration) as api:
        follower = watch.Watch()
        server.cluster.nodes[0].ready = "False"
        version = str(server.cluster.resource_version)
        server.cluster.changed()
        found = list(follower.stream(client.CoreV1Api(api).list_node, resource_version=version, timeout_seconds=1))
    assert [(event["type"], event["object"].metadata.name) for event in found] == [("MODIFIED", "node1")]
