# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The Prism test server against what is known of the real ones, seen by plain HTTP."""

from __future__ import annotations

import typing as t

import pytest
import requests
from ansible_collections.virtmap.core.tests.servers.ahv import AhvServer, Cluster, Node, Prism, Vm

AUTH = ("virtmap", "secret")
V2, V3 = "/api/nutanix/v2.0", "/api/nutanix/v3"
V4 = "/api/vmm/v4.0/ahv/config/vms"


def prism() -> Prism:
    vms = [Vm(f"vm{number:03}", "h1", "c1", uuid=f"g{number:03}") for number in range(120)]
    vms.append(Vm("off", None, "c1", "off", uuid="g-off"))
    nodes = [Node("ahv1", "c1", "h1"), Node(None, "c1", "h2", None, None)]
    return Prism([Cluster("Blue", "c1"), Cluster("PC", "c0", "PRISM_CENTRAL")], nodes, vms)


@pytest.fixture
def element() -> t.Iterator[AhvServer]:
    with AhvServer(prism()) as server:
        yield server


@pytest.fixture
def central() -> t.Iterator[AhvServer]:
    with AhvServer(prism(), central=True) as server:
        yield server


def get(server: AhvServer, path: str, **params: t.Any) -> t.Any:
    answer = requests.get(server.url + path, params=params, auth=AUTH, timeout=10)
    return answer.json() if answer.status_code == 200 else answer.status_code


def post(server: AhvServer, path: str, **body: t.Any) -> t.Any:
    answer = requests.post(server.url + path, json=body, auth=AUTH, timeout=10)
    return answer.json() if answer.status_code == 200 else answer.status_code


def test_v2_gives_everything_unless_a_page_is_asked_for(element: AhvServer) -> None:
    for prefix in (V2, "/PrismGateway/services/rest/v2.0"):
        whole = get(element, f"{prefix}/vms")
        assert len(whole["entities"]) == whole["metadata"]["grand_total_entities"] == 121
    page = get(element, f"{V2}/vms", offset=120, length=50)
    assert [vm["uuid"] for vm in page["entities"]] == ["g-off"]
    assert page["entities"][0]["host_uuid"] is None
    assert (page["metadata"]["start_index"], page["metadata"]["count"]) == (121, 1)
    hosts = get(element, f"{V2}/hosts", page=2, count=1)
    assert [host["uuid"] for host in hosts["entities"]] == ["h2"]
    assert "name" not in hosts["entities"][0]
    assert get(element, f"{V2}/cluster")["name"] == "Blue"


def test_v2_of_a_central_answers_something_else(central: AhvServer) -> None:
    assert get(central, f"{V2}/vms")["entities"] == []
    assert [cluster["name"] for cluster in get(central, f"{V2}/clusters")["entities"]] == ["PC"]


def test_v3_has_pages_of_twenty_and_of_five_hundred_at_the_most(central: AhvServer) -> None:
    page = post(central, f"{V3}/vms/list", kind="vm")
    assert page["metadata"] == {"kind": "vm", "total_matches": 121, "length": 20, "offset": 0}
    assert len(post(central, f"{V3}/vms/list", kind="vm", length=500)["entities"]) == 121
    assert post(central, f"{V3}/vms/list", kind="vm", length=501) == 422
    assert post(central, f"{V3}/vms/list", kind="host") == 422
    off = post(central, f"{V3}/vms/list", offset=120)["entities"][0]
    assert "host_reference" not in off["status"]["resources"]
    pseudo = post(central, f"{V3}/hosts/list")["entities"][1]
    assert "num_cpu_sockets" not in pseudo["status"]["resources"]
    assert "name" not in pseudo


def test_v3_tells_a_central_from_an_element(central: AhvServer, element: AhvServer) -> None:
    def services(server: AhvServer) -> list[str]:
        found = post(server, f"{V3}/clusters/list")["entities"]
        return [word for entity in found for word in entity["status"]["resources"]["config"]["service_list"]]

    assert services(central) == ["AOS", "PRISM_CENTRAL"]
    assert services(element) == ["AOS"]


def test_v4_has_pages_of_fifty_and_of_a_hundred_at_the_most(central: AhvServer, element: AhvServer) -> None:
    page = get(central, V4)
    assert len(page["data"]) == 50
    assert page["metadata"]["totalAvailableResults"] == 121
    assert "$objectType" in page
    assert all("$objectType" in vm and "$objectType" in vm["host"] for vm in page["data"])
    assert [vm["extId"] for vm in get(central, V4, **{"$page": 1, "$limit": 100})["data"]][-1] == "g-off"
    assert "data" not in get(central, V4, **{"$page": 2, "$limit": 100})
    assert get(central, V4, **{"$limit": 101}) == 400
    assert get(central, V4, **{"$page": -1}) == 400
    assert get(element, V4) == 404


def test_v4_sorts_and_selects_by_known_fields_only(central: AhvServer) -> None:
    found = get(central, V4, **{"$orderby": "name desc", "$select": "name,host/extId", "$limit": 1})["data"][0]
    assert found["name"] == "vm119"
    assert {key for key in found if not key.startswith("$")} == {"extId", "name", "host"}
    assert get(central, V4, **{"$orderby": "colour"}) == 400
    assert get(central, V4, **{"$select": "host"}) == 400


@pytest.mark.parametrize("path", [f"{V2}/vms", V4])
def test_a_wrong_password(central: AhvServer, path: str) -> None:
    answer = requests.get(central.url + path, auth=("virtmap", "wrong"), timeout=10)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html" if path == f"{V2}/vms" else "application/json")


def test_a_session_spares_the_look_at_the_password(central: AhvServer) -> None:
    with requests.Session() as session:
        # Its cookie is for TLS only, which this client would keep.
        cookie = session.get(central.url + V4, auth=AUTH, timeout=10).headers["Set-Cookie"].partition(";")[0]
        for _number in range(2):
            assert session.get(central.url + V4, headers={"Cookie": cookie}, timeout=10).status_code == 200
        assert central.logins == 1
        central.end_sessions()
        central.strict_cookies = True
        assert session.get(central.url + V4, headers={"Cookie": cookie}, auth=AUTH, timeout=10).status_code == 401
