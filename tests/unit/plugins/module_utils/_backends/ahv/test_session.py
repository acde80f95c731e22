# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Sessions, refusals, and servers that do not manage what they are asked for."""

from __future__ import annotations

import json

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, Denied
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers._http.message import Request
from ansible_collections.virtmap.core.tests.servers.ahv import AhvServer
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._backends.ahv.conftest import (
    GUESTS,
    PROBES,
    SERVERS,
    Collector,
    estate,
    guests_of,
    meanwhile,
)


def test_a_session_that_ends_in_the_middle_is_renewed(gather: Collector, api: str) -> None:
    with SERVERS[api](estate(700)) as server:
        server.strict_cookies = True
        server.faults.add(meanwhile(server.end_sessions), path=GUESTS[api], skip=PROBES[api] + 1)
        assert len(guests_of(gather(server))) == 700
        assert server.logins == 2


def test_where_sessions_are_not_kept_name_and_password_do(gather: Collector) -> None:
    with SERVERS["v4"](estate(700)) as server:
        server.strict_cookies = True
        server.faults.add(meanwhile(server.end_sessions), times=None)
        assert len(guests_of(gather(server))) == 700
        with_cookie = [entry for entry in server.log.entries if any(name == "Cookie" for name, _value in entry.headers)]
        assert len(with_cookie) == 2, "two refused cookies are enough"


def test_a_wrong_password_is_tried_once(gather: Collector, api: str) -> None:
    with SERVERS[api](estate()) as server:
        server.user = "somebody"
        with pytest.raises(Denied, match="refused the credentials \\(401"):
            gather(server)
        assert server.logins == 1


def test_a_refused_right_is_told_in_the_words_of_prism(gather: Collector, api: str) -> None:
    bodies = {
        "v2": {"message": "no right", "error_code": {"code": 1202}},
        "v3": {"state": "ERROR", "code": 403, "message_list": [{"reason": "ACCESS_DENIED", "message": "no right"}]},
        "v4": {"data": {"$objectType": "vmm.v4.error.ErrorResponse", "error": [{"message": "no right"}]}},
    }
    with SERVERS[api](estate()) as server:
        server.faults.add(faults.status(403, bodies[api]), path=GUESTS[api], times=None, skip=PROBES[api])
        with pytest.raises(Denied, match="does not allow .*no right"):
            gather(server)


# -- v3 in smaller pages


def lengths(server: AhvServer) -> list[int]:
    """The lengths of the pages of guests that were asked for."""
    return [json.loads(entry.body)["length"] for entry in server.log.find("POST", "/api/nutanix/v3/vms/list")]


def longer_than(length: int, path: str = "/api/nutanix/v3/vms/list") -> dict[str, object]:
    def when(request: Request) -> bool:
        return request.path == path and request.json()["length"] > length

    return {"times": None, "when": when}


@pytest.mark.parametrize("code", [500, 422])
def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(gather: Collector, code: int) -> None:
    with SERVERS["v3"](estate(200)) as server:
        server.faults.add(faults.status(code), **longer_than(100))  # type: ignore[arg-type]
        assert len(guests_of(gather(server))) == 200
        assert lengths(server) == [250, 60, 60, 60, 60]


def test_a_page_that_takes_too_long_is_asked_for_in_smaller_ones(gather: Collector) -> None:
    with SERVERS["v3"](estate(50)) as server:
        server.faults.add(faults.hang(), **longer_than(20))  # type: ignore[arg-type]
        assert len(guests_of(gather(server, timeout=1))) == 50
        assert lengths(server) == [250, 60, 20, 20, 20]


def test_a_server_that_manages_no_page_fails(gather: Collector) -> None:
    with SERVERS["v3"](estate(50)) as server:
        server.faults.add(faults.status(500), **longer_than(0))  # type: ignore[arg-type]
        with pytest.raises(BadAnswer, match="failed at POST /api/nutanix/v3/vms/list with status 500"):
            gather(server)
        assert lengths(server) == [250, 60, 20]
        server.faults.clear()
        server.faults.add(faults.disconnect(), **longer_than(0))  # type: ignore[arg-type]
        with pytest.raises(CannotConnect, match="broke off"):
            gather(server)


# -- v4 without what newer releases can


def test_a_server_that_cannot_sort_or_select_is_asked_without(gather: Collector) -> None:
    with SERVERS["v4"](estate(300)) as server:
        refused = faults.status(400, {"data": {"error": [{"message": "no such field"}]}})
        rule = server.faults.add(refused, times=None, when=lambda request: "%24orderby" in request.target)
        assert len(guests_of(gather(server))) == 300
        assert rule.hits == 3, "once for each list"


def test_a_server_that_refuses_it_all_fails(gather: Collector) -> None:
    with SERVERS["v4"](estate()) as server:
        server.faults.add(faults.status(400, {"data": {"error": [{"message": "bad request"}]}}), times=None, skip=1)
        with pytest.raises(BadAnswer, match="status 400: bad request"):
            gather(server)
