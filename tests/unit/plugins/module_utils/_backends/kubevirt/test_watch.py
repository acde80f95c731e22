# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Following a cluster: every change arrives, also those that happened while nobody listened."""

from __future__ import annotations

import json
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt import access, events, feeds, watch
from ansible_collections.virtmap.core.plugins.module_utils._core import watching
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.tests.servers._http import Request, Response, faults
from ansible_collections.virtmap.core.tests.servers._http.wire import Exchange, chunk, head
from ansible_collections.virtmap.core.tests.servers._relay import Relay
from ansible_collections.virtmap.core.tests.servers.kubevirt import (
    Account,
    Cluster,
    Instance,
    KubernetesServer,
    Machine,
    Node,
    write_kubeconfig,
)
from ansible_collections.virtmap.core.tests.unit.following import Follower

from .conftest import TOKEN, Collector, Serve, complete

INSTANCES = "/apis/kubevirt.io/v1/virtualmachineinstances"
IDS = {name: f"564dae86-b20b-0214-0203-{number:012x}" for number, name in enumerate(("web1", "web2", "db1", "new1"))}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(watching, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(watching, "END_EVERY", 0.05)
    monkeypatch.setattr(feeds, "LEAST_SECONDS", 0.01)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(
        [Node("node1", "a" * 32), Node("node2", "b" * 32)],
        [guest("web1", "node1"), guest("web2", "node2"), guest("db1", "node1")],
        namespaces={"default", "team-a", "team-b"},
    )


@pytest.fixture
def server(cluster: Cluster, serve: Serve) -> KubernetesServer:
    return serve(cluster)


def guest(name: str, node: str | None, **more: t.Any) -> Instance:
    return Instance(name, IDS[name], node, **more)


def named(cluster: Cluster, name: str) -> Instance:
    return next(instance for instance in cluster.instances if instance.name == name)


def change(cluster: Cluster, name: str, **values: t.Any) -> None:
    """Change an instance, and tell it."""
    with cluster.history.changed:
        for key, value in values.items():
            setattr(named(cluster, name), key, value)
        cluster.changed()


def follow(server: KubernetesServer, **options: t.Any) -> Follower:
    return Follower(watch.watch, complete(server, **options))


def is_watch(request: Request) -> bool:
    return request.argument("watch") == "1"


def of_instances(request: Request) -> bool:
    return is_watch(request) and "virtualmachineinstances" in request.path


def watches(server: KubernetesServer) -> int:
    """How many watches were begun."""
    return len([entry for entry in server.log.entries if "watch=1" in entry.target])


def lists(server: KubernetesServer, path: str = INSTANCES) -> int:
    return len([entry for entry in server.log.entries if entry.path == path and "watch=1" not in entry.target])


def until_watched(server: KubernetesServer, follower: Follower, number: int = 2) -> None:
    while watches(server) < number:
        assert not follower.ended.wait(0.01)


def test_the_first_mapping_is_that_of_collecting(server: KubernetesServer, gather: Collector) -> None:
    with follow(server) as follower:
        assert {**follower.first().to_dict(), "collected_at": ""} == {**gather(server).to_dict(), "collected_at": ""}
        assert follower.warnings == []


@pytest.mark.parametrize("piece", [0, 7, 1000])
def test_each_change_arrives(cluster: Cluster, server: KubernetesServer, piece: int) -> None:
    server.piece = piece
    with follow(server) as follower:
        follower.first()
        change(cluster, "web1", node="node2")
        assert follower.until("guest_moved web1") == ["guest_moved web1"]
        change(cluster, "web1", conditions={"Paused": "True"})
        assert follower.until("guest_state web1") == ["guest_state web1"]
        cluster.instances.append(guest("new1", "node1"))
        cluster.changed()
        assert follower.until("guest_appeared new1") == ["guest_appeared new1"]
        cluster.instances.remove(named(cluster, "db1"))
        cluster.changed()
        assert follower.until("guest_gone db1") == ["guest_gone db1"]
        cluster.nodes.append(Node("node3", "c" * 32))
        cluster.changed()
        assert follower.until(f"hypervisor_appeared {'c' * 32}") == [f"hypervisor_appeared {'c' * 32}"]
        del cluster.nodes[2]
        cluster.changed()
        assert follower.until(f"hypervisor_gone {'c' * 32}") == [f"hypervisor_gone {'c' * 32}"]
        assert follower.warnings == []
        assert lists(server) == 1


def test_what_does_not_matter_is_no_mapping(cluster: Cluster, server: KubernetesServer) -> None:
    with follow(server) as follower:
        follower.first()
        cluster.nodes[0].ready = "Unknown"
        cluster.changed()
        change(cluster, "web1", conditions={"AgentConnected": "True"})
        change(cluster, "web2", phase="Failed")
        after = follower.next()
        states = {entry.name: entry.state.word for host in after.hypervisors for entry in host.guests or ()}
        assert states["web2"] == "crashed"


def test_a_guest_that_comes_before_its_node_is_never_shown_without_it(
    cluster: Cluster, server: KubernetesServer
) -> None:
    with follow(server) as follower:
        follower.first()
        server.faults.add(faults.hang(), when=lambda request: is_watch(request) and request.path == "/api/v1/nodes")
        until_watched(server, follower)
        with cluster.history.changed:
            cluster.nodes.append(Node("node3", "c" * 32))
            cluster.instances.append(guest("new1", "node3"))
            cluster.changed()
        while follower.before is not None and follower.before.guest_count < 4:
            assert [entry.name for entry in follower.before.skipped] == []
            follower.before = follower.next()
        assert follower.warnings == []


def test_a_node_that_goes_while_its_guests_stay_is_warned_of_once(cluster: Cluster, server: KubernetesServer) -> None:
    with follow(server) as follower:
        follower.first()
        del cluster.nodes[1]
        cluster.changed()
        follower.until(f"hypervisor_gone {'b' * 32}")
        assert follower.before is not None
        assert [entry.name for entry in follower.before.skipped] == ["default/web2"]
        for phase in ("Failed", "Running"):
            change(cluster, "web1", phase=phase)
            follower.until("guest_state web1")
        assert len([warning for warning in follower.warnings if "does not list the node node2" in warning]) == 1


def test_many_events(cluster: Cluster, server: KubernetesServer) -> None:
    cluster.instances += [Instance(f"m{number}", None, "node1") for number in range(150)]
    cluster.changed()
    with follow(server) as follower:
        follower.first()
        for _round in range(5):
            for instance in cluster.instances:
                instance.node = "node2" if instance.node == "node1" else "node1"
            cluster.changed()
        change(cluster, "web1", node="node2")
        change(cluster, "web2", phase="Failed")
        follower.until("guest_moved web1", "guest_state web2")
        assert follower.before is not None
        assert len(follower.before.skipped) == 150
        assert lists(server) == 1


def test_stopped_machines_and_namespaces(cluster: Cluster, server: KubernetesServer) -> None:
    cluster.instances = [guest("web1", "node1", namespace="team-a"), guest("web2", "node2", namespace="team-b")]
    cluster.machines = [Machine("db1", IDS["db1"], "team-a")]
    cluster.changed()
    with follow(server, namespace=["team-a", "team-b"], include_stopped=True) as follower:
        first = follower.first()
        assert (first.guest_count, [entry.name for entry in first.unplaced]) == (2, ["db1"])
        cluster.instances.append(guest("db1", "node2", namespace="team-a"))
        cluster.changed()
        follower.until("guest_appeared db1")
        change(cluster, "web2", node="node1")
        follower.until("guest_moved web2")
        until_watched(server, follower, 5)
        cluster.instances.pop()
        cluster.machines.clear()
        cluster.changed()
        follower.until("guest_gone db1")
        while follower.before is not None and follower.before.unplaced:
            follower.before = follower.next()


def test_it_ends_at_once_and_leaves_nothing_behind(server: KubernetesServer) -> None:
    # Threads of other tests may wait for what was cut off from them.
    before = set(threading.enumerate())
    with follow(server) as follower:
        follower.first()
        until_watched(server, follower)
    assert follower.ended.is_set()
    assert follower.warnings == []
    assert not [thread for thread in set(threading.enumerate()) - before if "_run" in thread.name]


def test_giving_up_the_iteration_ends_the_watches(server: KubernetesServer) -> None:
    mappings = watch.watch(complete(server), Selection(), print, threading.Event())
    assert next(iter(mappings)).guest_count == 3
    mappings.close()  # type: ignore[attr-defined]


def test_a_watch_that_the_server_ends_goes_on_from_its_version(
    cluster: Cluster, server: KubernetesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SECONDS", 0.05)
    with follow(server) as follower:
        follower.first()
        for node in ("node2", "node1", "node2"):
            until_watched(server, follower, watches(server) + 4)
            change(cluster, "web1", node=node)
            follower.until("guest_moved web1")
        # The version comes from bookmarks and events: what is forgotten meanwhile does not matter.
        until_watched(server, follower, watches(server) + 4)
        assert lists(server) == 1
        assert follower.warnings == []


@pytest.mark.parametrize("as_status", [False, True])
def test_a_version_that_is_forgotten_is_listed_anew_without_a_word(
    cluster: Cluster, server: KubernetesServer, as_status: bool
) -> None:
    server.gone_as_status = as_status

    def forget(request: Request) -> None:
        if of_instances(request):
            server.before = None
            with cluster.history.changed:
                named(cluster, "web1").node = "node2"
                cluster.instances.remove(named(cluster, "db1"))
                server.compact()

    server.before = forget
    with follow(server) as follower:
        follower.first()
        follower.until("guest_moved web1", "guest_gone db1")
        change(cluster, "web2", node="node1")
        follower.until("guest_moved web2")
        assert follower.warnings == []
        assert lists(server) == 2


def test_what_is_forgotten_again_and_again_is_a_failure(cluster: Cluster, server: KubernetesServer) -> None:
    def forget(request: Request) -> None:
        if is_watch(request):
            server.compact()

    with follow(server) as follower:
        follower.first()
        server.before = forget
        server.pause()
        server.resume()
        follower.until_warned("gives up what it has just listed")
        server.before = None
        while follower.before is not None and follower.before.guest_count:
            cluster.instances.clear()
            cluster.changed()
            follower.before = follower.next()


def test_nothing_is_lost_while_the_server_is_away(cluster: Cluster, server: KubernetesServer) -> None:
    with follow(server) as follower:
        follower.first()
        until_watched(server, follower)
        server.pause()
        change(cluster, "web1", node="node2")
        change(cluster, "web2", phase="Failed")
        cluster.instances.remove(named(cluster, "db1"))
        server.compact()
        follower.until_warned("reading all of it again in")
        server.resume()
        follower.until("guest_moved web1", "guest_state web2", "guest_gone db1")


def cut_in_the_middle() -> faults.Fault:
    """Send the first event but for its last bytes, and close."""

    def act(exchange: Exchange) -> None:
        response = exchange.answer()
        exchange.send(head(response, [("Transfer-Encoding", "chunked")]))
        exchange.send(chunk(next(iter(t.cast(t.Iterable[bytes], response.body)))[:-20]))

    return faults.Fault("cut_in_the_middle", act)


def ended_in_the_middle() -> faults.Fault:
    """The same, but with a proper end of the answer."""

    def act(exchange: Exchange) -> Response:
        response = exchange.answer()
        response.body = next(iter(t.cast(t.Iterable[bytes], response.body)))[:-20]
        return response

    return faults.Fault("ended_in_the_middle", act)


def telling(*lines: object, **more: t.Any) -> faults.Fault:
    """These lines."""
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return faults.Fault("telling", lambda _exchange: Response(200, b"\n".join(texts) + b"\n", chunked=True, **more))


def node_event(**changes: t.Any) -> dict[str, t.Any]:
    item = {"kind": "Node", "metadata": {"name": "node9", "resourceVersion": "5021999"}}
    return {"type": "MODIFIED", "object": item, **changes}


@pytest.mark.parametrize(
    "fault",
    [
        faults.disconnect(),
        faults.disconnect(reset=True),
        cut_in_the_middle(),
        ended_in_the_middle(),
        faults.status(500),
        faults.status(503),
        faults.throttled(0),
        faults.throttled("garbage"),
        faults.status(404),
        faults.status(204),
        faults.nonsense("html"),
        faults.nonsense("bad_json"),
        faults.nonsense("list"),
        faults.nonsense("empty"),
        faults.nonsense("binary"),
        telling(node_event(type="EATEN")),
        telling(node_event(type=None)),
        telling(node_event(object=None)),
        telling(node_event(object={"metadata": {"name": "x"}})),
        telling(node_event(object={"metadata": {"resourceVersion": "5"}})),
        telling({"type": "BOOKMARK", "object": {}}),
        telling({"type": "ERROR"}),
        telling({"type": "ERROR", "object": {"code": 500, "message": "etcdserver: request timed out"}}),
        telling({"type": "ERROR", "object": {"code": 410, "message": "too old"}}),
        telling(b'{"kind": "NodeList", "items": []}'),
        telling(b"[" * 100_000),
    ],
    ids=lambda fault: fault.name,
)
def test_nothing_is_lost_after_a_bad_answer(cluster: Cluster, server: KubernetesServer, fault: faults.Fault) -> None:
    rule = server.faults.add(fault, times=2, when=of_instances)
    with follow(server) as follower:
        follower.first()
        for node in ("node2", "node1", "node2"):
            change(cluster, "web1", node=node)
        follower.until("guest_moved web1")
        change(cluster, "web2", phase="Failed")
        follower.until("guest_state web2")
        # The changes may have come by the lists, before the second watch met the fault.
        while rule.hits < 2:
            assert not follower.ended.wait(0.01)
        change(cluster, "web1", node="node1")
        follower.until("guest_moved web1")


def test_a_frozen_line_is_noticed_and_made_up_for(
    cluster: Cluster, server: KubernetesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No bookmark and no event within the time for which the watch was asked for."""
    monkeypatch.setattr(events, "SECONDS", 1)
    with Relay(("127.0.0.1", server.port)) as relay:
        options = complete(server=f"http://127.0.0.1:{relay.port}", token=TOKEN, timeout=3)
        with Follower(watch.watch, options) as follower:
            follower.first()
            relay.freeze()
            change(cluster, "web1", node="node2")
            follower.until_warned("did not answer in full within")
            relay.restore()
            follower.until("guest_moved web1")


def test_a_server_that_takes_the_request_and_says_nothing(
    cluster: Cluster, server: KubernetesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SECONDS", 0.2)
    server.faults.add(faults.hang(), when=of_instances)
    with follow(server, timeout=3) as follower:
        follower.first()
        change(cluster, "web1", node="node2")
        follower.until("guest_moved web1")


def test_an_instance_with_a_field_missing_is_left_out_and_named(cluster: Cluster, server: KubernetesServer) -> None:
    with follow(server) as follower:
        follower.first()
        change(cluster, "web1", uuid=None)
        assert follower.until("guest_gone web1") == ["guest_gone web1"]
        assert follower.before is not None
        assert [entry.name for entry in follower.before.skipped] == ["default/web1"]
        cluster.nodes[1].machine_id = None
        cluster.changed()
        after = follower.next()
        assert [entry.name for entry in after.skipped if entry.kind == "host"] == ["node2"]


def test_a_token_that_was_renewed_in_its_file(
    cluster: Cluster, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a pod, where the token is renewed every hour."""
    account = Account(token=TOKEN)
    server = serve(cluster, account)
    token = tmp_path / "token"
    token.write_text(TOKEN)
    monkeypatch.setattr(access, "SERVICE_ACCOUNT", str(tmp_path))
    monkeypatch.setattr(events, "SECONDS", 0.05)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "unused")
    real = access.in_cluster

    def in_cluster() -> access.Access:
        found = real()
        here = access.parse_server(server.url, port=None)
        return access.Access(here, found.authorization)

    monkeypatch.setattr(access, "in_cluster", in_cluster)
    with Follower(watch.watch, complete()) as follower:
        follower.first()
        token.write_text("another")
        account.token = "another"
        change(cluster, "web1", node="node2")
        follower.until("guest_moved web1")
        assert follower.warnings == []


def test_a_token_file_of_a_kubeconfig_is_read_anew(
    cluster: Cluster, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SECONDS", 0.05)
    account = Account(token=TOKEN)
    server = serve(cluster, account)
    token = tmp_path / "token"
    token.write_text(TOKEN)
    path = write_kubeconfig(tmp_path / "config", server.url, {"tokenFile": str(token)})
    with Follower(watch.watch, complete(kubeconfig=str(path))) as follower:
        follower.first()
        token.write_text("another")
        account.token = "another"
        change(cluster, "web1", node="node2")
        follower.until("guest_moved web1")


def test_a_token_that_is_not_accepted_any_more_ends_it(
    cluster: Cluster, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SECONDS", 0.05)
    account = Account(token=TOKEN)
    server = serve(cluster, account)
    with follow(server) as follower:
        follower.first()
        account.token = "another"
        with pytest.raises(Denied, match="refused the credentials"):
            follower.exhaust()


def test_an_account_that_may_list_but_not_watch(cluster: Cluster, serve: Serve) -> None:
    server = serve(cluster, Account(token=TOKEN, verbs=frozenset({"get", "list"})))
    with follow(server) as follower:
        follower.first()
        with pytest.raises(Denied, match="does not allow the account to watch .*cannot watch resource.*the verb watch"):
            follower.exhaust()


@pytest.mark.parametrize("code", [401, 403])
def test_a_right_that_is_taken_within_the_stream(server: KubernetesServer, code: int) -> None:
    server.faults.add(telling({"type": "ERROR", "object": {"code": code, "message": "no"}}), when=of_instances)
    with follow(server) as follower:
        follower.first()
        if code == 401:
            until_watched(server, follower, 4)  # with the credentials read anew
        else:
            with pytest.raises(Denied, match="403: no"):
                follower.exhaust()


def test_nodes_by_their_names_are_not_watched(cluster: Cluster, serve: Serve) -> None:
    rights = frozenset({"virtualmachineinstances"})
    server = serve(cluster, Account(token=TOKEN, cluster_wide=rights))
    with follow(server, hypervisor_id_fallback=True) as follower:
        follower.first()
        change(cluster, "web1", node="node2")
        follower.until("guest_moved web1")
        change(cluster, "web1", node="node9")
        follower.until("guest_moved web1", "hypervisor_appeared node9")
        assert len([warning for warning in follower.warnings if "nodes are reported under their names" in warning]) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [(faults.status(503), CannotConnect), (faults.nonsense("html"), BadAnswer), (faults.status(401), Denied)],
)
def test_a_first_reading_that_fails_is_an_error(
    server: KubernetesServer, fault: faults.Fault, error: type[VirtmapError]
) -> None:
    server.faults.add(fault, times=None)
    with follow(server) as follower, pytest.raises(error):
        follower.next()


def test_a_list_without_its_version_cannot_be_watched(server: KubernetesServer) -> None:
    server.faults.add(faults.without("metadata.resourceVersion"), times=1, path=INSTANCES)
    with follow(server) as follower:
        follower.first()
        follower.until_warned("tells no version of")
        assert follower.next().guest_count == 3


def test_bad_options_are_refused_before_contact() -> None:
    with Follower(watch.watch, complete(server="https://x.example.com", token="x", page_size=0)) as follower:
        with pytest.raises(InvalidInput):
            follower.next()
