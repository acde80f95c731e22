# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Several hosts as one source: side by side, whole or not at all, each guest in one place."""

from __future__ import annotations

import copy
import threading
import time

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, Denied, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers._http.dead import refused_address, silent_address
from ansible_collections.virtmap.core.tests.servers.hyperv import Cluster, Host, Machine

from .conftest import Collector, Listeners

RUNNING, OFF, PAUSED = 2, 3, 9


def hosts(*names: str, guests: int = 2, cluster: Cluster | None = None) -> list[Host]:
    """Hosts of these names with so many machines each."""
    return [
        Host(name=name, machines=[Machine(f"{name}-vm{number}") for number in range(guests)], cluster=cluster)
        for name in names
    ]


def placed(mapping: Mapping) -> dict[str | None, list[str | None]]:
    """Names of guests by the name of their host."""
    return {
        hypervisor.name: sorted((guest.name for guest in hypervisor.guests or ()), key=str)
        for hypervisor in mapping.hypervisors
    }


def test_several_hosts_are_one_source(gather: Collector, listen: Listeners) -> None:
    servers = [listen(host) for host in hosts("hv1", "hv2", "hv3")]
    mapping = gather(*servers)
    assert placed(mapping) == {name: [f"{name}-vm0", f"{name}-vm1"] for name in ("hv1", "hv2", "hv3")}
    assert mapping.source == ",".join(f"127.0.0.1:{server.port}" for server in servers)
    assert gather.warnings == []


def test_hosts_are_read_side_by_side(gather: Collector, listen: Listeners) -> None:
    """Each host waits with an answer until all have been asked; one after the other they would wait for ever."""
    servers = [listen(host) for host in hosts("hv1", "hv2", "hv3", "hv4")]
    together = threading.Barrier(len(servers), timeout=20)

    def meet(exchange: faults.Exchange) -> object:
        together.wait()
        return exchange.answer()

    for server in servers:
        server.faults.add(faults.Fault("meets the others", meet), skip=8)  # type: ignore[arg-type]
    assert gather(*servers).guest_count == 8
    assert not together.broken


# -- one guest on two hosts


@pytest.mark.parametrize(
    "first, second, keeper",
    [(RUNNING, OFF, "hv1"), (OFF, RUNNING, "hv2"), (RUNNING, PAUSED, "hv1"), (PAUSED, RUNNING, "hv2")],
)
def test_a_replica_is_reported_where_it_runs(
    gather: Collector, listen: Listeners, first: int, second: int, keeper: str
) -> None:
    both = hosts("hv1", "hv2", guests=1)
    machine = Machine("web1", state=first)
    replica = copy.copy(machine)
    replica.state = second
    both[0].machines.append(machine)
    both[1].machines.append(replica)
    mapping = gather(*map(listen, both))
    other = "hv2" if keeper == "hv1" else "hv1"
    assert placed(mapping)[keeper] == [f"{keeper}-vm0", "web1"]
    assert placed(mapping)[other] == [f"{other}-vm0"]
    assert [(entry.kind, entry.name) for entry in mapping.skipped] == [("guest", "web1")]
    assert f"left out of {other}: it is running on {keeper}" in mapping.skipped[0].reason
    assert len(gather.warnings) == 1
    assert "web1" in gather.warnings[0]


def test_a_guest_that_moved_meanwhile_is_where_it_was_seen_last(gather: Collector, listen: Listeners) -> None:
    both = hosts("hv1", "hv2", guests=0)
    machine = Machine("web1")
    both[0].machines.append(machine)
    both[1].machines.append(copy.copy(machine))
    first, second = map(listen, both)
    # The question for states, of which the first host keeps its asker waiting.
    first.faults.add(faults.slow(1.0), skip=3 + 4)
    mapping = gather(first, second)
    assert placed(mapping) == {"hv1": ["web1"], "hv2": []}
    first.faults.clear()
    second.faults.add(faults.slow(1.0), skip=3 + 4)
    assert placed(gather(first, second)) == {"hv1": [], "hv2": ["web1"]}


def test_a_copy_has_another_id_and_stays(gather: Collector, listen: Listeners) -> None:
    """The uuid of its firmware is the same; which of the two is meant nobody can say."""
    both = hosts("hv1", "hv2", guests=0)
    both[0].machines.append(Machine("web1", bios_guid="{78563412-AB90-EFCD-1234-567890ABCDEF}"))
    both[1].machines.append(Machine("copy", bios_guid="{78563412-AB90-EFCD-1234-567890ABCDEF}"))
    mapping = gather(*map(listen, both))
    assert placed(mapping) == {"hv1": ["web1"], "hv2": ["copy"]}
    assert len(gather.warnings) == 1
    assert "is seen on 2 hypervisors" in gather.warnings[0]


def test_a_host_that_is_named_twice_is_reported_once(gather: Collector, listen: Listeners) -> None:
    (host,) = hosts("hv1")
    mapping = gather(listen(host), listen(host))
    assert placed(mapping) == {"hv1": ["hv1-vm0", "hv1-vm1"]}
    assert mapping.skipped == []
    assert len(gather.warnings) == 1
    assert "are the same host, hv1" in gather.warnings[0]


# -- hosts that fail


def test_one_host_that_fails_fails_the_source(gather: Collector, listen: Listeners) -> None:
    servers = [listen(host) for host in hosts("hv1", "hv2")]
    with refused_address() as (address, port):
        with pytest.raises(CannotConnect, match=f"{address}:{port} cannot be reached"):
            gather(*servers, server=[server.url for server in servers] + [f"http://{address}:{port}"])


def test_hosts_that_fail_are_all_named(gather: Collector, listen: Listeners) -> None:
    good = listen(hosts("hv1")[0])
    bad = [listen(Host(name=f"file{number}", namespaces=())) for number in range(4)]
    with pytest.raises(NotFound, match="4 of 5 hosts of this source failed: .*; and 1 more$") as caught:
        gather(good, *bad)
    for server in bad[:3]:
        assert str(server.port) in caught.value.message


def test_silent_hosts_do_not_wait_for_each_other(gather: Collector, listen: Listeners) -> None:
    good = listen(hosts("hv1")[0])
    with silent_address() as (address, port), silent_address() as (_address, other):
        began = time.monotonic()
        urls = [f"http://{address}:{number}" for number in (port, other)] + [good.url]
        with pytest.raises(CannotConnect, match="2 of 3 hosts"):
            gather(server=urls, timeout=2)
        assert time.monotonic() - began < 3 * 2 + 10


def test_a_node_that_is_down_is_left_out_when_its_cluster_says_so(gather: Collector, listen: Listeners) -> None:
    cluster = Cluster("Blue", {"HV1": 0, "127": 1})
    good = listen(hosts("hv1", cluster=cluster)[0])
    with refused_address() as (address, port):
        # "127" is what is left of an address in place of a name; a node is known by the first part of its name.
        mapping = gather(server=[good.url, f"http://{address}:{port}"])
    assert placed(mapping) == {"hv1": ["hv1-vm0", "hv1-vm1"]}
    assert [(entry.kind, entry.name) for entry in mapping.skipped] == [("host", address)]
    assert any("its cluster says that it is down" in warning for warning in gather.warnings)
    cluster.nodes["127"] = 0
    with refused_address() as (address, port):
        with pytest.raises(CannotConnect):
            gather(server=[good.url, f"http://{address}:{port}"])


def test_nodes_that_are_not_named_are_told(gather: Collector, listen: Listeners) -> None:
    cluster = Cluster("Blue", {"HV1": 0, "HV2": 0, "HV3": 2, "HV4": 1})
    servers = [listen(host) for host in hosts("hv1", "hv2", cluster=cluster)]
    mapping = gather(*servers)
    assert {hypervisor.cluster for hypervisor in mapping.hypervisors} == {"Blue"}
    assert gather.warnings == [
        "the cluster Blue has nodes that server does not name: HV3, HV4; the guests on them are not reported"
    ]


# -- the password


def test_a_wrong_password_is_tried_at_one_host_only(gather: Collector, listen: Listeners) -> None:
    """Else it would be tried at all nodes at once, which locks the account of the domain."""
    servers = [listen(host) for host in hosts("hv1", "hv2", "hv3", "hv4", "hv5")]
    with pytest.raises(Denied, match="5 of 5 hosts .*refused the credentials"):
        gather(*servers, password="wr0ng-password")
    assert sum(server.accounts.refused for server in servers) == 1


def test_credentials_on_which_no_host_decides(gather: Collector, listen: Listeners) -> None:
    servers = [listen(host) for host in hosts("hv1", "hv2", "hv3")]
    for server in servers:
        server.faults.add(faults.hang(), times=None, skip=1)
    began = time.monotonic()
    with pytest.raises(CannotConnect, match="3 of 3 hosts"):
        gather(*servers, timeout=2)
    assert time.monotonic() - began < 3 * 2 + 10
