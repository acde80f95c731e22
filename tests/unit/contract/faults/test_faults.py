# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What every HTTP backend says when its service misbehaves: one plain sentence, in time, and never half a mapping."""

from __future__ import annotations

import re
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import VirtmapError
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, faults
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, HttpFaults, Source
from ansible_collections.virtmap.core.tests.unit.contract.faults import page
from ansible_collections.virtmap.core.tests.unit.contract.faults.rows import ANSWERED, ELSEWHERE, Answered, Elsewhere
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, large_fleet, standard_fleet

Table = page.Said
# What the tests may take beyond the deadline on a busy machine.
GRACE = 10.0


def faulty(backend: Backend) -> HttpFaults:
    """How the faults look for this backend."""
    assert backend.http is not None
    return backend.http


def served(source: Source) -> HttpServer:
    """The server behind a source."""
    assert source.server is not None, f"{source.name} must have one of our servers behind it"
    return source.server


def standard(backend: Backend) -> Fleet:
    """The fleet that the faults hit."""
    return standard_fleet(backend.states, backend.unplaced)


def failure(backend: Backend, source: Source, options: t.Mapping[str, t.Any]) -> VirtmapError:
    """Collect, which must fail; check what holds for every error: it is one sentence, in time, without secrets."""
    word = "uuid" if "uuid" in backend.ids else backend.ids[0]
    merged = {"hypervisor_id": word, **source.options, **options}
    began = time.monotonic()
    with pytest.raises(VirtmapError) as caught:
        backend.run(merged)
    took = time.monotonic() - began
    assert took < 3 * merged["timeout"] + 10 + GRACE
    text = caught.value.message
    assert "\n" not in text
    assert 30 < len(text) < 700
    assert text == text.strip()
    assert not [secret for secret in source.secrets if secret in text]
    assert not re.search(r"0x[0-9a-f]{6}|Traceback|urllib3|HTTPSConnectionPool|object at", text), text
    return caught.value


def note(table: Table, backend: Backend, name: str, text: str, *ports: int) -> None:
    """Keep a sentence for the page, without what differs from run to run, and look whether the page tells it."""
    for port in ports:
        text = text.replace(f":{port}", ":PORT")
    table.add((backend.shown, name, page.simplified(text)))
    page.check(backend.shown, name, text)


@pytest.mark.parametrize("row", ELSEWHERE, ids=lambda row: row.name)
def test_no_good_service(http_backend: Backend, row: Elsewhere, table: Table, tmp_path: Path) -> None:
    http = faulty(http_backend)
    with http_backend.start(standard(http_backend), tmp_path) as source, row.at(tmp_path) as (host, port, more):
        options = {**http.address(host, port), **more, **({"timeout": 1} if row.slow else {})}
        error = failure(http_backend, source, options)
        assert error.__class__ is http.errors.get(row.name, row.error), error
        assert re.search(row.says, error.message), error.message
        assert f"{host}:{port}" in error.message
        note(table, http_backend, row.name, error.message, port, served(source).port)
        assert served(source).log.connections == 0


@pytest.mark.parametrize("phase", ["first", "data"])
@pytest.mark.parametrize("row", ANSWERED, ids=lambda row: row.name)
def test_bad_answers(http_backend: Backend, row: Answered, phase: str, table: Table, tmp_path: Path) -> None:
    http = faulty(http_backend)
    with http_backend.start(standard(http_backend), tmp_path) as source:
        server = served(source)
        skip = http.logins if phase == "data" else 0
        server.faults.add(http.instead.get(row.name, row.fault), times=None, skip=skip)
        error = failure(http_backend, source, {"timeout": 1} if row.slow else {})
        assert error.__class__ is http.errors.get(row.name, row.error), error
        if row.name not in http.instead:
            assert re.search(row.says, error.message), error.message
        assert str(server.port) in error.message, "which server"
        note(table, http_backend, row.name, error.message, server.port)


@pytest.mark.parametrize(
    "fault",
    [
        faults.disconnect(),
        faults.disconnect(reset=True),
        faults.throttled(0),
        faults.throttled(None, 503),
        faults.status(502),
        faults.status(504),
    ],
    ids=lambda fault: fault.name,
)
def test_a_passing_fault_is_overcome(http_backend: Backend, fault: faults.Fault, tmp_path: Path) -> None:
    """Reading is repeatable: a fault that is met once costs a second attempt, and the mapping is whole."""
    with http_backend.start(standard(http_backend), tmp_path) as source:
        whole = whole_mapping(http_backend, source)
        served(source).faults.add(fault, skip=faulty(http_backend).logins)
        assert whole_mapping(http_backend, source) == whole


def whole_mapping(backend: Backend, source: Source) -> dict[str, t.Any]:
    """The mapping, without its time."""
    word = "uuid" if "uuid" in backend.ids else backend.ids[0]
    mapping = backend.run({"hypervisor_id": word, **source.options})[0].to_dict()
    assert len(mapping["hypervisors"]) == len(source.fleet.hosts)
    return {**mapping, "collected_at": ""}


@pytest.mark.parametrize("name", ["second_page_500", "second_page_cut_off", "second_page_404"])
def test_a_second_page_that_fails(paged_backend: Backend, name: str, table: Table, tmp_path: Path) -> None:
    """The first page alone would pass off a part as the whole."""
    http_backend, http = paged_backend, faulty(paged_backend)
    fault = {"500": faults.status(500), "off": faults.cut_off(0.5), "404": faults.status(404)}[name.rpartition("_")[2]]
    hosts, guests = http.paged_fleet
    with http_backend.start(large_fleet(hosts, guests), tmp_path) as source:
        assert len(whole_mapping(http_backend, source)["hypervisors"]) == hosts
        rule = served(source).faults.add(fault, times=None, when=http.second_page)
        error = failure(http_backend, source, {})
        assert rule.hits > 0
        note(table, http_backend, name, error.message, served(source).port)


def test_a_session_that_expires(session_backend: Backend, table: Table, tmp_path: Path) -> None:
    http_backend, http = session_backend, faulty(session_backend)
    login, expired = http.login, http.expired
    assert login is not None
    assert expired is not None, "the adapter must say how the service tells that a session is over"
    with http_backend.start(standard(http_backend), tmp_path) as source:
        whole = whole_mapping(http_backend, source)
        rule = served(source).faults.add(expired, when=lambda request: not login(request), skip=1)
        if "session_expires" in http.heals:
            assert whole_mapping(http_backend, source) == whole
            note(table, http_backend, "session_expires", "(nothing: it logs in again)")
        else:
            note(table, http_backend, "session_expires", failure(http_backend, source, {}).message)
        assert rule.hits == 1


def test_a_session_that_always_expires_ends(session_backend: Backend, tmp_path: Path) -> None:
    http_backend, http = session_backend, faulty(session_backend)
    login, expired = http.login, http.expired
    assert login is not None
    assert expired is not None, "the adapter must say how the service tells that a session is over"
    with http_backend.start(standard(http_backend), tmp_path) as source:
        whole = whole_mapping(http_backend, source)
        served(source).log.clear()
        served(source).faults.add(expired, times=None, when=lambda request: not login(request))
        if "session_always_expires" in http.heals:
            assert whole_mapping(http_backend, source) == whole
        else:
            failure(http_backend, source, {})
        assert len(served(source).log.entries) < 30
