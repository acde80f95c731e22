# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading a host: pages, releases of Windows, rights, and what may go wrong on the way."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv import wmi
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState
from ansible_collections.virtmap.core.tests.servers.hyperv import (
    PLANNED,
    SNAPSHOT,
    V1,
    V2,
    Cluster,
    Fault,
    Host,
    Machine,
    faults,
)

from .conftest import Collector, Listeners

STEPS_OF_NTLM = 3


def fleet(count: int) -> list[Machine]:
    """So many machines."""
    return [Machine(f"vm{number}") for number in range(count)]


# -- pages


@pytest.mark.parametrize("first_answer", [1, None], ids=["2012", "2003"])
def test_questions_grow_with_pages_not_with_guests(
    gather: Collector, listen: Listeners, first_answer: int | None
) -> None:
    counts = {}
    for guests in (0, 10, 1000):
        server = listen(Host(machines=fleet(guests)), first_answer=first_answer)
        assert gather(server).guest_count == guests
        assert len(server.enumerations) == 0, "every enumeration was read to its end"
        counts[guests] = len(server.log.entries) - STEPS_OF_NTLM
    # Six questions; above no guest one more page for the machines and one for their states; then some 250 to a page.
    assert counts[0] <= 7
    assert counts[10] <= 9
    assert counts[1000] <= 16


def test_twenty_thousand_guests(gather: Collector, listen: Listeners) -> None:
    server = listen(Host(machines=fleet(20_000)))
    assert gather(server).guest_count == 20_000
    assert len(server.log.entries) < 200


@pytest.mark.parametrize("habits", [{"empty_pages": 3}, {"page_characters": 1}, {"first_answer": 0}], ids=str)
def test_pages_of_all_kinds(gather: Collector, listen: Listeners, habits: dict[str, int]) -> None:
    server = listen(Host(machines=fleet(25)), **habits)
    assert gather(server).guest_count == 25


@pytest.mark.parametrize("habits", [{"endless": True}, {"endless_items": True}, {"empty_pages": 10**9}], ids=str)
def test_a_server_that_comes_to_no_end(
    gather: Collector, listen: Listeners, habits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wmi, "MOST_ROWS", 5_000)
    with pytest.raises(BadAnswer, match="comes to no end"):
        gather(listen(Host(machines=fleet(3)), **habits))


def test_a_slow_provider_is_waited_for(gather: Collector, listen: Listeners) -> None:
    assert gather(listen(Host(machines=fleet(3)), timeouts=2)).guest_count == 3
    with pytest.raises(CannotConnect, match="did not find .* in time, asked several times .*raise timeout"):
        gather(listen(Host(machines=fleet(3)), timeouts=3))


def test_a_context_that_expired_costs_a_new_beginning(gather: Collector, listen: Listeners) -> None:
    server = listen(Host(machines=fleet(300)))
    server.habits.refusals["msvm_computersystem"] = (faults.invalid_context(), 1)
    assert gather(server).guest_count == 300
    assert len(server.log.used_connections()) == 2
    with pytest.raises(BadAnswer, match="forgot how far"):
        gather(listen(Host(machines=fleet(300)), expiry=-1.0))


def test_a_quota_is_given_time(gather: Collector, listen: Listeners) -> None:
    server = listen(Host(machines=fleet(3)))
    server.habits.refusals["msvm_computersystem"] = (faults.quota(), 2)
    assert gather(server).guest_count == 3
    server.habits.refusals["msvm_computersystem"] = (faults.quota(), 99)
    with pytest.raises(CannotConnect, match="too many operations"):
        gather(server)
    assert server.habits.refusals["msvm_computersystem"][1] == 96


# -- releases of Windows


def test_server_2008_has_the_first_namespace_only(gather: Collector, listen: Listeners) -> None:
    machines = [Machine("web1", generation=1, state=32769), Machine("checkpoint", kind=SNAPSHOT)]
    host = Host(namespaces=(V1,), version="6.0.6001.18000", os_version="6.0.6001", machines=machines)
    server = listen(host, modern_faults=False, first_answer=None)
    (hypervisor,) = gather(server).hypervisors
    (guest,) = hypervisor.guests or ()
    assert (guest.name, guest.state, guest.extra["generation"]) == ("web1", GuestState.SUSPENDED, 1)
    assert hypervisor.facts["hypervisor.version"] == "6.0.6001.18000"


def test_server_2012_has_both_and_the_second_is_asked(gather: Collector, listen: Listeners) -> None:
    server = listen(Host(namespaces=(V1, V2), machines=fleet(2)))
    assert gather(server).guest_count == 2
    assert V1 not in {namespace for namespace, _query in server.enumerations.queries}


def test_checkpoints_and_machines_that_are_coming_in_are_no_guests(gather: Collector, listen: Listeners) -> None:
    machines = [Machine("web1"), Machine("web1 (yesterday)", kind=SNAPSHOT), Machine("moving", kind=PLANNED)]
    (hypervisor,) = gather(listen(Host(machines=machines))).hypervisors
    assert [guest.name for guest in hypervisor.guests or ()] == ["web1"]


def test_windows_elsewhere_than_on_c(gather: Collector, listen: Listeners) -> None:
    (hypervisor,) = gather(listen(Host(version=None, os_version="10.0.17763"))).hypervisors
    assert hypervisor.facts["hypervisor.version"] == "10.0.17763"


@pytest.mark.parametrize("modern", [True, False])
def test_no_hyper_v(gather: Collector, listen: Listeners, modern: bool) -> None:
    with pytest.raises(NotFound, match="has no Hyper-V .*WBEM_E_INVALID_NAMESPACE.*take it out of server"):
        gather(listen(Host(namespaces=()), modern_faults=modern))


# -- rights


def test_an_account_without_a_right_to_hyper_v_sees_nothing_and_is_told_so(
    gather: Collector, listen: Listeners
) -> None:
    with pytest.raises(Denied, match="no right to Hyper-V there; add it to the groups Hyper-V Administrators"):
        gather(listen(Host(machines=fleet(3), sees_machines=False)))


@pytest.mark.parametrize("what", ["root/cimv2", "root/virtualization/v2", "win32_computersystemproduct"])
@pytest.mark.parametrize("modern", [True, False])
def test_access_denied(gather: Collector, listen: Listeners, what: str, modern: bool) -> None:
    server = listen(modern_faults=modern)
    server.habits.refusals[what] = (faults.access_denied(), 99)
    with pytest.raises(Denied, match="does not let the account read .*Access is denied.*Remote Management Users"):
        gather(server)


# -- other faults


@pytest.mark.parametrize(
    "fault, error, words",
    [
        (faults.encoding_limit(), BadAnswer, "cannot send an object of Msvm_.*raise MaxEnvelopeSizekb"),
        (faults.shutting_down(), CannotConnect, "is shutting down"),
        (faults.cannot_process_filter("invalid_query", ""), BadAnswer, "does not know the classes of root/virt"),
        (Fault(2150858817, "Something <else> is wrong."), BadAnswer, "fault 2150858817 .Something <else> is wrong"),
    ],
    ids=["encoding_limit", "shutting_down", "no_class", "other"],
)
@pytest.mark.parametrize("modern", [True, False])
def test_other_faults(
    gather: Collector, listen: Listeners, fault: Fault, error: type[VirtmapError], words: str, modern: bool
) -> None:
    server = listen(modern_faults=modern)
    server.habits.refusals["msvm_computersystem"] = (fault, 99)
    with pytest.raises(VirtmapError, match=words) as caught:
        gather(server)
    assert caught.value.__class__ is error
    assert str(server.port) in caught.value.message


def test_an_object_that_is_too_large_for_an_answer(gather: Collector, listen: Listeners) -> None:
    server = listen(Host(machines=[Machine("x" * 2000)]), envelope_characters=1000)
    with pytest.raises(BadAnswer, match="in one piece"):
        gather(server)


# -- clusters, as one host sees them


def test_a_cluster_is_told(gather: Collector, listen: Listeners) -> None:
    server = listen(Host(cluster=Cluster("Blue", {"HV1": 0, "HV2": 0})))
    (hypervisor,) = gather(server).hypervisors
    assert hypervisor.cluster == "Blue"
    assert gather.warnings == [], "one host of a cluster is a source of its own, as with virt-who"
    assert gather(server, exclude_host_parents=["blue"]).hypervisors == []


@pytest.mark.parametrize("fault", [faults.access_denied(), faults.timed_out()], ids=["denied", "service hangs"])
def test_a_cluster_that_cannot_be_read_is_a_warning(gather: Collector, listen: Listeners, fault: Fault) -> None:
    server = listen(Host(machines=fleet(2), cluster=Cluster("Blue", {"HV1": 0})))
    server.habits.refusals["root/mscluster"] = (fault, 99)
    mapping = gather(server)
    assert (mapping.guest_count, mapping.hypervisors[0].cluster) == (2, None)
    assert len(gather.warnings) == 1
    assert "it is not known whether the host is in a cluster" in gather.warnings[0]
