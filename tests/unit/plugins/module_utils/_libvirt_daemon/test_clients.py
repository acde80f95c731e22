# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Choosing clients, and what is told about them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.clients import Criteria, all_spared, chosen
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.model import Client

NOW = 10_000.0
LOCAL = {"readonly": False, "unix_user_id": 0, "unix_user_name": "root", "unix_process_id": 7, "unix_group_name": "g"}
CLIENTS = [
    Client(1, 9_000, "unix", LOCAL),
    Client(2, 9_990, "unix", {**LOCAL, "readonly": True, "unix_user_id": 1001, "unix_user_name": "nova"}),
    Client(3, 9_500, "tcp", {"readonly": False, "sock_addr": "192.0.2.7:37230", "sasl_user_name": "backup@lab"}),
    Client(4, 9_400, "tls", {"readonly": True, "sock_addr": "[2001:db8::7]:5", "tls_x509_dname": "O=lab,CN=c"}),
    Client(5, 9_900, "tcp", None),
    Client(6, 9_900, "tcp", {"readonly": False, "sock_addr": "[::ffff:192.0.2.9]:6"}),
    Client(7, 9_900, "tcp", {"readonly": False, "sock_addr": "nonsense"}),
]


def ids(exclude: t.Sequence[dict[str, t.Any]] = (), **criteria: t.Any) -> list[int]:
    spared = all_spared({"exclude": exclude})
    return [client.id for client in chosen(CLIENTS, Criteria.from_options(criteria), spared, NOW)]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"id": [1, 5, 99]}, [1, 5]),
        ({"transport": ["tcp", "tls"]}, [3, 4, 5, 6, 7]),
        ({"user": ["nova", "nobody"]}, [2]),
        ({"uid": [0]}, [1]),
        ({"pid": [7]}, [1, 2]),
        ({"read_only": True}, [2, 4]),
        ({"read_only": False}, [1, 3, 6, 7]),
        ({"unauthenticated": True}, [5]),
        ({"unauthenticated": False}, [1, 2, 3, 4, 6, 7]),
        ({"sasl_user": ["backup@lab"]}, [3]),
        ({"sasl_user": ["backup"]}, []),
        ({"x509_dn": ["O=lab,CN=c"]}, [4]),
        ({"address": ["192.0.2.7"]}, [3]),
        ({"address": ["192.0.2.0/24"]}, [3, 6]),
        ({"address": ["192.0.2.1/24"]}, [3, 6]),
        ({"address": ["2001:db8::/32", "192.0.2.7"]}, [3, 4]),
        ({"address": ["::ffff:192.0.2.9"]}, [6]),
        ({"older_than": 500}, [1, 4]),
        ({"older_than": 499}, [1, 3, 4]),
        ({"transport": ["tcp"], "older_than": 200}, [3]),
        ({}, [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_all_criteria_have_to_hold(criteria: dict[str, t.Any], expected: list[int]) -> None:
    assert ids(**criteria) == expected


def test_a_client_that_is_all_that_an_entry_says_is_spared() -> None:
    exclude = [{"transport": ["unix"], "user": ["root"]}, {"address": ["192.0.2.0/24"]}]
    assert ids(exclude) == [2, 4, 5, 7]


@pytest.mark.parametrize("name", ["id", "transport", "user", "uid", "pid", "address", "sasl_user", "x509_dn"])
def test_an_empty_list_never_means_anybody(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name} is an empty list"):
        ids(**{name: [], "read_only": True})


def test_a_bad_criterion_is_refused() -> None:
    with pytest.raises(InvalidInput, match="older_than is 0"):
        ids(older_than=0)
    with pytest.raises(InvalidInput, match="address host.example.com is no IP address"):
        ids(address=["host.example.com"])
    with pytest.raises(InvalidInput, match=r"exclude\[1\]: address x is no"):
        ids([{"id": [1]}, {"address": ["x"]}])
    with pytest.raises(InvalidInput, match="an entry names no criterion"):
        ids([{"id": None}])


def test_criteria_that_say_nothing_are_false() -> None:
    assert not Criteria.from_options({"id": None, "read_only": None})
    assert Criteria.from_options({"read_only": False})


def test_addresses_and_ports_are_told_apart() -> None:
    told = {client.id: client.to_dict() for client in CLIENTS}
    assert (told[3]["address"], told[3]["port"]) == ("192.0.2.7", 37230)
    assert (told[4]["address"], told[4]["port"]) == ("2001:db8::7", 5)
    assert (told[7]["address"], told[7]["port"]) == (None, None)


def test_of_a_client_without_identity_little_is_told() -> None:
    told = CLIENTS[4].to_dict()
    assert {name: value for name, value in told.items() if value is not None} == {
        "id": 5,
        "connected_at": "1970-01-01T02:45:00Z",
        "transport": "tcp",
        "authenticated": False,
    }
    assert set(told) == set(CLIENTS[0].to_dict())


def test_a_client_is_named_in_sentences() -> None:
    assert [str(client) for client in CLIENTS[:5]] == [
        "1 (unix root pid 7)",
        "2 (unix nova pid 7)",
        "3 (tcp backup@lab 192.0.2.7)",
        "4 (tls O=lab,CN=c 2001:db8::7)",
        "5 (tcp)",
    ]
