# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Guard rails."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.limits import (
    MOST_WORKERS,
    check_ranges,
    guard_client_limits,
    guard_threadpool,
)

POOL = {"min_workers": 5, "max_workers": 20, "prio_workers": 5}
LIMITS = {"max_clients": 5000, "max_unauth_clients": 20, "clients": 12, "unauth_clients": 3}


def limits(server: str = "libvirtd", *, zero: bool = False, below: bool = False, **wanted: int) -> list[str]:
    return guard_client_limits(LIMITS, wanted, server, {"allow_zero": zero, "allow_below_current": below})


@pytest.mark.parametrize("number", [-1, MOST_WORKERS + 1, 2**32, 2**64])
def test_absurd_numbers_are_refused(number: int) -> None:
    with pytest.raises(InvalidInput, match=f"max_workers is {number}, but must be 0 to 10000"):
        check_ranges({"min_workers": 1, "max_workers": number}, MOST_WORKERS)


def test_the_bounds_themselves_are_accepted() -> None:
    check_ranges({"min_workers": 0, "max_workers": MOST_WORKERS}, MOST_WORKERS)


@pytest.mark.parametrize("wanted", [{"min_workers": 21}, {"max_workers": 4}, {"min_workers": 9, "max_workers": 8}])
def test_the_minimum_never_exceeds_the_maximum(wanted: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="would be greater than max_workers"):
        guard_threadpool(POOL, wanted, "libvirtd", {})


@pytest.mark.parametrize(
    "wanted", [{"min_workers": 20}, {"max_workers": 5}, {"min_workers": 30, "max_workers": 30}, {"prio_workers": 0}]
)
def test_a_possible_pool_is_accepted(wanted: dict[str, int]) -> None:
    assert guard_threadpool(POOL, wanted, "libvirtd", {}) == []


def test_a_pool_is_not_switched_on_or_off() -> None:
    with pytest.raises(InvalidInput, match="max_workers cannot be changed from 20 to 0"):
        guard_threadpool(POOL, {"min_workers": 0, "max_workers": 0}, "libvirtd", {})
    nothing = {"min_workers": 0, "max_workers": 0, "prio_workers": 0}
    with pytest.raises(InvalidInput, match="max_workers cannot be changed from 0 to 5"):
        guard_threadpool(nothing, {"max_workers": 5}, "virtlogd", {})
    with pytest.raises(InvalidInput, match="min_workers .* greater than max_workers .0."):
        guard_threadpool(nothing, {"min_workers": 1}, "virtlogd", {})


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"max_clients": 0}, "locks all new clients out; set allow_zero"),
        ({"max_clients": 0, "max_unauth_clients": 0}, "set allow_zero"),
        ({"max_unauth_clients": 0}, "set allow_zero"),
        ({"max_clients": 19}, "max_unauth_clients .20. would be greater than max_clients .19."),
        ({"max_unauth_clients": 5001}, "would be greater than"),
        ({"max_clients": 11, "max_unauth_clients": 11}, "11 while 12 clients are connected.*set allow_below_current"),
        ({"max_unauth_clients": 2}, "2 while 3 clients are not yet authenticated.*set allow_below_current"),
    ],
)
def test_nobody_is_locked_out_by_accident(wanted: dict[str, int], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        limits(**wanted)


@pytest.mark.parametrize("number", [0, 1])
def test_the_admin_server_stays_reachable(number: int) -> None:
    with pytest.raises(InvalidInput, match="allow_zero"):
        limits("admin", below=True, max_clients=number, max_unauth_clients=0 if number == 0 else 1)
    assert limits("admin", zero=True, below=True, max_clients=number, max_unauth_clients=0)
    assert limits("libvirtd", below=True, max_clients=1, max_unauth_clients=1)


def test_what_was_allowed_is_warned_about() -> None:
    assert limits(below=True, max_clients=11, max_unauth_clients=5) == [
        "server libvirtd: max_clients is set to 11 while 12 clients are connected: "
        "new clients wait until enough of them left"
    ]
    assert len(limits(zero=True, below=True, max_clients=0, max_unauth_clients=0)) == 1


def test_a_limit_that_is_just_reached_is_warned_about() -> None:
    assert "new clients wait" in limits(max_clients=12, max_unauth_clients=12)[0]
    assert limits(max_clients=13, max_unauth_clients=13) == []


def test_one_override_does_not_stand_for_the_other() -> None:
    with pytest.raises(InvalidInput, match="allow_zero"):
        limits(below=True, max_clients=0, max_unauth_clients=0)
    with pytest.raises(InvalidInput, match="allow_below_current"):
        limits(zero=True, max_clients=0, max_unauth_clients=0)
