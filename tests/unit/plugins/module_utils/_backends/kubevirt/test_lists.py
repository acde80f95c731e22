# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Lists: pages, snapshots that expire, rights, namespaces, what changes on the way."""

from __future__ import annotations

import uuid

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState, Mapping
from ansible_collections.virtmap.core.tests.servers._http import Request, faults
from ansible_collections.virtmap.core.tests.servers.kubevirt import (
    Account,
    Cluster,
    Instance,
    KubernetesServer,
    Machine,
    Node,
)
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._backends.kubevirt.conftest import (
    TOKEN,
    Collector,
    Serve,
)

INSTANCES = "/apis/kubevirt.io/v1/virtualmachineinstances"


def made(*words: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, ".".join(map(str, words))))


def fleet(guests: int, nodes: int = 2) -> Cluster:
    return Cluster(
        [Node(f"node{number}", made("node", number).replace("-", "")) for number in range(nodes)],
        [Instance(f"vm{number:05}", made("vm", number), f"node{number % nodes}") for number in range(guests)],
    )


def names(mapping: Mapping) -> dict[str, list[str]]:
    """The names of the guests on each node."""
    return {
        str(hypervisor.name): sorted(str(guest.name) for guest in hypervisor.guests or ())
        for hypervisor in mapping.hypervisors
    }


def is_later_page(request: Request) -> bool:
    return "continue" in request.query


@pytest.mark.parametrize("guests, page_size, pages", [(0, 500, 1), (500, 500, 1), (501, 500, 2), (7, 3, 3)])
def test_round_trips_grow_with_pages_alone(
    gather: Collector, serve: Serve, guests: int, page_size: int, pages: int
) -> None:
    server = serve(fleet(guests))
    mapping = gather(server, page_size=page_size)
    assert mapping.guest_count == guests
    assert server.log.calls() == [
        "GET /apis/kubevirt.io",
        *[f"GET {INSTANCES}"] * pages,
        "GET /api/v1/nodes",
    ]
    assert len(server.log.used_connections()) == 1


def test_nodes_without_guests_are_reported(gather: Collector, serve: Serve) -> None:
    mapping = gather(serve(fleet(1, nodes=3)))
    assert names(mapping) == {"node0": ["vm00000"], "node1": [], "node2": []}
    assert mapping.extra == {"namespaces": None}


def test_large_answers_come_packed(gather: Collector, serve: Serve) -> None:
    server = serve(fleet(300))
    assert gather(server).guest_count == 300
    assert all(entry.header("Accept-Encoding") == "gzip" for entry in server.log.entries)


def test_a_snapshot_that_expires_is_read_anew(gather: Collector, serve: Serve) -> None:
    """What was read of the old one is forgotten: the guest that moved meanwhile is on one node only."""
    cluster = fleet(9)
    server = serve(cluster)
    seen: list[Request] = []

    def expire_once(request: Request) -> None:
        if is_later_page(request) and not seen:
            seen.append(request)
            cluster.instances[0].node = "node1"
            del cluster.instances[1]
            server.compact()

    server.before = expire_once
    mapping = gather(server, page_size=4)
    assert names(mapping) == {
        "node0": ["vm00002", "vm00004", "vm00006", "vm00008"],
        "node1": ["vm00000", "vm00003", "vm00005", "vm00007"],
    }
    assert server.log.calls().count(f"GET {INSTANCES}") == 4
    assert gather.warnings == []


def test_without_expiry_a_list_is_one_snapshot(gather: Collector, serve: Serve) -> None:
    cluster = fleet(9)
    server = serve(cluster)

    def move(request: Request) -> None:
        if is_later_page(request):
            cluster.instances[8].node = "node1"
            cluster.changed()

    server.before = move
    assert "vm00008" in names(gather(server, page_size=4))["node0"]


def test_a_snapshot_that_always_expires_ends(gather: Collector, serve: Serve) -> None:
    server = serve(fleet(9))
    server.before = lambda request: server.compact() if is_later_page(request) else None
    with pytest.raises(CannotConnect, match="gave up its snapshot of .*virtualmachineinstances .*raise page_size"):
        gather(server, page_size=4)
    assert len(server.log.entries) == 7


@pytest.mark.parametrize("tokens", [("one",), ("one", "two"), ("one", "two", "three")])
def test_pages_that_go_round_in_a_circle_end(gather: Collector, serve: Serve, tokens: tuple[str, ...]) -> None:
    """As behind a balancer whose servers do not agree."""
    server = serve(fleet(9))
    first = faults.edited(lambda page: page["metadata"].update({"continue": tokens[0]}))
    server.faults.add(first, times=None, path=INSTANCES, when=lambda request: not is_later_page(request))
    for token, following in zip(tokens, (*tokens[1:], tokens[0])):
        page = {"kind": "VirtualMachineInstanceList", "metadata": {"continue": following}}
        server.faults.add(
            faults.status(200, page), times=None, when=lambda request, here=token: f"continue={here}" in request.target
        )
    with pytest.raises(BadAnswer, match="does not come to the end"):
        gather(server)
    assert len(server.log.entries) == 2 + len(tokens)


def test_another_kind_of_list_is_refused(gather: Collector, serve: Serve) -> None:
    server = serve(fleet(1))
    server.faults.add(faults.edited(lambda page: page.update(kind="PodList")), path=INSTANCES)
    with pytest.raises(BadAnswer, match="is no VirtualMachineInstanceList"):
        gather(server)


def test_a_list_without_items_is_empty_only_when_they_are_null(gather: Collector, serve: Serve) -> None:
    server = serve(fleet(1))
    server.faults.add(faults.edited(lambda page: page.update(items=None)), path=INSTANCES)
    assert gather(server).guest_count == 0
    server.faults.add(faults.edited(lambda page: page.update(items="none")), path=INSTANCES)
    with pytest.raises(BadAnswer):
        gather(server)


# -- KubeVirt itself


@pytest.mark.parametrize(
    "versions, used",
    [(("v1", "v1alpha3"), "v1"), (("v1alpha3", "v1"), "v1"), (("v1alpha3",), "v1alpha3"), (("v2", "v1"), "v1")],
)
def test_the_stored_version_is_asked_for(gather: Collector, serve: Serve, versions: tuple[str, ...], used: str) -> None:
    cluster = fleet(2)
    cluster.versions = versions
    server = serve(cluster)
    assert gather(server).guest_count == 2
    assert f"GET /apis/kubevirt.io/{used}/virtualmachineinstances" in server.log.calls()


def test_a_cluster_without_kubevirt(gather: Collector, serve: Serve) -> None:
    with pytest.raises(NotFound, match="has no KubeVirt .*install it there, or name the right cluster"):
        gather(serve(Cluster([Node()], versions=())))


# -- rights


def account(*resources: str, **namespaces: tuple[str, ...]) -> Account:
    places = {name.replace("_", "-"): frozenset(found) for name, found in namespaces.items()}
    return Account("jane", TOKEN, frozenset(resources), places)


VMIS = "virtualmachineinstances"


def test_a_token_that_is_not_known(gather: Collector, serve: Serve) -> None:
    with pytest.raises(Denied, match="refused the credentials .*401: Unauthorized"):
        gather(serve(fleet(1)), token="wr0ng")


def test_no_right_to_the_whole_cluster(gather: Collector, serve: Serve) -> None:
    server = serve(fleet(1), account("nodes", default=(VMIS,)))
    with pytest.raises(Denied, match='User "jane" cannot list .*at the cluster scope.*name the namespaces') as caught:
        gather(server)
    assert TOKEN not in caught.value.message
    mapping = gather(server, namespace=["default"])
    assert (mapping.guest_count, mapping.extra) == (1, {"namespaces": ["default"]})


def test_no_right_to_nodes(gather: Collector, serve: Serve) -> None:
    cluster = fleet(4)
    server = serve(cluster, account(VMIS))
    with pytest.raises(Denied, match="cannot list resource .nodes.*ClusterRole, or set hypervisor_id_fallback"):
        gather(server)
    mapping = gather(server, hypervisor_id_fallback=True)
    assert names(mapping) == {"node0": ["vm00000", "vm00002"], "node1": ["vm00001", "vm00003"]}
    for hypervisor in mapping.hypervisors:
        assert (hypervisor.id, hypervisor.uuid) == (hypervisor.name, None)
        assert hypervisor.facts == {"hypervisor.type": "qemu"}
    assert len(gather.warnings) == 1
    assert "under their names" in gather.warnings[0]


def test_the_fallback_is_for_a_missing_right_only(gather: Collector, serve: Serve) -> None:
    server = serve(fleet(4))
    mapping = gather(server, hypervisor_id_fallback=True)
    assert all(hypervisor.uuid for hypervisor in mapping.hypervisors)
    for fault in (faults.status(401), faults.status(500), faults.status(404)):
        server.faults.add(fault, path="/api/v1/nodes")
        with pytest.raises((Denied, BadAnswer, NotFound)):
            gather(server, hypervisor_id_fallback=True)


def test_several_namespaces(gather: Collector, serve: Serve) -> None:
    cluster = fleet(3)
    for instance, namespace in zip(cluster.instances, ("a", "b", "c")):
        instance.namespace = namespace
    cluster.machines = [Machine("off-a", namespace="a"), Machine("off-c", namespace="c")]
    rights = (VMIS, "virtualmachines")
    server = serve(cluster, account("nodes", a=rights, b=rights))
    mapping = gather(server, namespace=["a", "b", "a"], include_stopped=True)
    assert names(mapping) == {"node0": ["vm00000"], "node1": ["vm00001"]}
    assert [guest.name for guest in mapping.unplaced] == ["off-a"]
    assert mapping.extra == {"namespaces": ["a", "b"]}
    with pytest.raises(Denied, match='in the namespace "c"'):
        gather(server, namespace=["a", "c"])


def test_an_empty_namespace_must_exist(gather: Collector, serve: Serve) -> None:
    cluster = fleet(1)
    cluster.namespaces.add("empty")
    rights = (VMIS, "namespaces")
    server = serve(cluster, account("nodes", empty=rights, typo=rights, hidden=(VMIS,)))
    assert gather(server, namespace=["empty"]).guest_count == 0
    assert gather.warnings == []
    with pytest.raises(NotFound, match="has no namespace typo; check namespace"):
        gather(server, namespace=["typo"])
    assert gather(server, namespace=["hidden"]).guest_count == 0
    assert len(gather.warnings) == 1
    assert "namespace hidden, and the account may not ask" in gather.warnings[0]


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "a" * 64, "-a", "a?limit=1"])
def test_what_is_no_namespace_is_refused_before_contact(gather: Collector, serve: Serve, name: str) -> None:
    server = serve(fleet(1))
    with pytest.raises(InvalidInput, match="no name of a namespace"):
        gather(server, namespace=[name])
    with pytest.raises(InvalidInput, match="page_size is 0"):
        gather(server, page_size=0)
    assert server.log.connections == 0


# -- stopped machines


def test_stopped_machines_are_unplaced_when_asked_for(gather: Collector, serve: Serve) -> None:
    cluster = fleet(1)
    cluster.machines = [Machine("vm00000", made("vm", 0), status="Running"), Machine("off"), Machine("new", None)]
    server = serve(cluster)
    assert gather(server).unplaced == []
    assert not any("virtualmachines" in call for call in server.log.calls())
    mapping = gather(server, include_stopped=True)
    assert [(guest.name, guest.state) for guest in mapping.unplaced] == [("off", GuestState.SHUT_OFF)]
    assert [entry.name for entry in mapping.skipped] == ["default/new"]


def test_a_machine_that_starts_between_two_lists_is_running(gather: Collector, serve: Serve) -> None:
    cluster = fleet(0)
    cluster.machines = [Machine("web1", made("web1"))]
    server = serve(cluster)

    def boot(request: Request) -> None:
        if request.path == INSTANCES:
            cluster.instances = [Instance("web1", made("web1"), "node0")]

    server.before = boot
    mapping = gather(server, include_stopped=True)
    assert names(mapping)["node0"] == ["web1"]
    assert mapping.unplaced == []


def test_no_right_to_machines(gather: Collector, serve: Serve) -> None:
    with pytest.raises(Denied, match="leave out include_stopped"):
        gather(serve(fleet(1), account(VMIS, "nodes")), include_stopped=True)


# -- what is wrong with the cluster


def test_a_guest_on_a_node_that_is_gone(gather: Collector, serve: Serve) -> None:
    cluster = fleet(2)
    cluster.instances.append(Instance("ghost", node="node9"))
    mapping = gather(serve(cluster))
    assert [entry.to_dict() for entry in mapping.skipped] == [
        {"kind": "guest", "name": "default/ghost", "reason": "its node node9 is not in the cluster's list"}
    ]
    assert mapping.guest_count == 2
    assert len(gather.warnings) == 1
    assert "the node node9" in gather.warnings[0]


def test_equal_names_in_two_namespaces_may_have_one_uuid(gather: Collector, serve: Serve) -> None:
    """KubeVirt once made the uuid from the name alone."""
    cluster = fleet(0)
    cluster.instances = [Instance("db", made("db"), "node0", namespace=name) for name in ("a", "b")]
    mapping = gather(serve(cluster))
    assert [guest.extra["namespace"] for guest in mapping.hypervisors[0].guests or ()] in (["a", "b"], ["b", "a"])
    assert mapping.guest_count == 2
    assert len(gather.warnings) == 1
    assert made("db") in gather.warnings[0]


def test_nodes_with_one_machine_id_are_warned_about(gather: Collector, serve: Serve) -> None:
    cluster = Cluster([Node("node1", "ab" * 16), Node("node2", "ab" * 16)])
    mapping = gather(serve(cluster))
    assert len(mapping.hypervisors) == 2
    assert any("ab" * 16 in warning for warning in gather.warnings)
    assert [hypervisor.id for hypervisor in gather(serve(cluster), hypervisor_id="hostname").hypervisors] == [
        "node1",
        "node2",
    ]


def test_a_cluster_behind_a_path(gather: Collector, serve: Serve) -> None:
    """Rancher gives several clusters one address."""
    server: KubernetesServer = serve(fleet(1))
    with pytest.raises(NotFound, match="no KubeVirt"):
        gather(server, server=f"{server.url}/k8s/clusters/c-m-1")
    assert server.log.calls() == ["GET /k8s/clusters/c-m-1/apis/kubevirt.io"]
