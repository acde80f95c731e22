# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What every backend keeps, whatever it talks to."""

from __future__ import annotations

import itertools
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import BACKENDS, FACT_NAME
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, Source
from ansible_collections.virtmap.core.tests.unit.contract.facts import FACTS, OPTIONAL
from ansible_collections.virtmap.core.tests.unit.contract.fleet import (
    HOSTILE_NAMES,
    Fleet,
    GuestSpec,
    HostSpec,
    broken_fleet,
    fleet_with_twins,
    hostile_fleet,
    standard_fleet,
)
from ansible_collections.virtmap.core.tests.unit.contract.registry import backends
from ansible_collections.virtmap.core.tests.unit.run_module import run_module

Dict = dict[str, t.Any]
KEYS = {
    "mapping": {"backend", "source", "collected_at", "hypervisors", "skipped", "unplaced"},
    "hypervisor": {"id", "uuid", "name", "cluster", "parent", "facts", "guests"},
    "guest": {"uuid", "name", "state"},
}


@pytest.fixture
def source(backend: Backend, tmp_path: Path) -> t.Iterator[Source]:
    """A source that holds the standard fleet."""
    with backend.start(standard_fleet(backend.states, backend.unplaced), tmp_path) as found:
        yield found


def host_id(backend: Backend, host: HostSpec, word: str = "uuid") -> str | None:
    """The id that a host is to be reported under."""
    return host.ids["uuid" if backend.id_is_fixed else word]


def first_word(backend: Backend) -> str:
    """A word of hypervisor_id that the backend has; uuid, the default, where it can be."""
    return "uuid" if "uuid" in backend.ids else backend.ids[0]


def collect(backend: Backend, source: Source, **more: t.Any) -> Dict:
    """The mapping as a user sees it."""
    options = {"hypervisor_id": first_word(backend), **source.options, **more}
    return backend.run(options)[0].to_dict()


def guest_rows(guests: t.Iterable[GuestSpec]) -> list[Dict]:
    """Guests as the mapping is to show them."""
    rows = [{"uuid": guest.uuid, "name": guest.name, "state": guest.state.word} for guest in guests]
    return sorted(rows, key=lambda row: str(row["uuid"]))


def common(data: Dict, kind: str) -> Dict:
    """The common keys of an object, without those that a backend adds."""
    return {key: data[key] for key in KEYS[kind]}


def test_the_source_tells_what_it_should(backend: Backend, source: Source) -> None:
    mapping = collect(backend, source)
    assert mapping["backend"] == backend.name
    assert mapping["source"] == source.name
    expected = sorted(source.fleet.hosts, key=lambda host: str(host_id(backend, host, first_word(backend))))
    assert len(mapping["hypervisors"]) == len(expected) > 0
    for found, host in zip(mapping["hypervisors"], expected):
        shown = common(found, "hypervisor")
        guests = [common(guest, "guest") for guest in shown.pop("guests")]
        assert shown == {
            "id": host_id(backend, host, first_word(backend)),
            "uuid": host.uuid,
            "name": host.name,
            "cluster": host.cluster,
            "parent": host.parent,
            "facts": host.facts,
        }
        assert guests == guest_rows(host.guests)
    assert [common(guest, "guest") for guest in mapping["unplaced"]] == guest_rows(source.fleet.unplaced)
    assert mapping["skipped"] == []


def test_every_state_was_shown(backend: Backend, source: Source) -> None:
    states = {guest.state for host in source.fleet.hosts for guest in host.guests}
    assert states == set(backend.states), "the adapter left out a state that it claims"
    assert {guest.state for guest in source.fleet.unplaced} == set(backend.unplaced)


def test_the_shape_is_strict_and_round_trips(backend: Backend, source: Source) -> None:
    mapping = collect(backend, source)
    assert mapping.keys() >= KEYS["mapping"]
    assert all(hypervisor.keys() >= KEYS["hypervisor"] for hypervisor in mapping["hypervisors"])
    again = parse_mapping(json.loads(json.dumps(mapping))).to_dict()
    assert again == mapping
    assert list(again) == list(mapping)


def test_two_runs_differ_only_in_their_time(backend: Backend, source: Source) -> None:
    first, second = collect(backend, source), collect(backend, source)
    first["collected_at"] = second["collected_at"]
    assert json.dumps(first) == json.dumps(second)
    ids = [hypervisor["id"] for hypervisor in first["hypervisors"]]
    assert ids == sorted(ids)
    for hypervisor in first["hypervisors"]:
        uuids = [guest["uuid"] for guest in hypervisor["guests"]]
        assert uuids == sorted(uuids)


def test_each_word_of_hypervisor_id(backend: Backend, source: Source) -> None:
    for word in backend.ids:
        found = [hypervisor["id"] for hypervisor in collect(backend, source, hypervisor_id=word)["hypervisors"]]
        assert found == sorted(str(host_id(backend, host, word)) for host in source.fleet.hosts), word


def test_a_word_that_it_does_not_have_is_refused_before_contact(backend: Backend, source: Source) -> None:
    for word in sorted({"uuid", "hwuuid", "hostname"} - set(backend.ids)):
        for options in (backend.dead, source.options):
            with pytest.raises(InvalidInput, match=f"hypervisor_id {word} .*use "):
                backend.run({**options, "hypervisor_id": word})
    if source.server is not None:
        assert source.server.log.connections == 0


def test_a_bad_pattern_is_refused_before_contact(backend: Backend, source: Source) -> None:
    for options in (backend.dead, source.options):
        with pytest.raises(InvalidInput, match="exclude_hosts holds"):
            backend.run({**options, "filter_type": "regex", "exclude_hosts": ["a(b"]})
    if source.server is not None:
        assert source.server.log.connections == 0


def test_filters_on_the_id(backend: Backend, source: Source) -> None:
    word = first_word(backend)
    ids = sorted(str(host_id(backend, host, word)) for host in source.fleet.hosts)
    one = ids[0]
    cases: list[tuple[Dict, list[str]]] = [
        ({"filter_hosts": []}, ids),
        ({"filter_hosts": [one.upper()]}, [one]),
        ({"filter_hosts": [f"{one[:4]}*"]}, [found for found in ids if found.startswith(one[:4])]),
        ({"filter_hosts": [one[1:]]}, []),
        ({"filter_hosts": ["nobody"]}, []),
        ({"filter_hosts": [f"{one}|nobody"], "filter_type": "regex"}, [one]),
        ({"filter_hosts": [one[:-1]], "filter_type": "regex"}, []),
        ({"exclude_hosts": [one]}, ids[1:]),
        ({"filter_hosts": ["*"], "exclude_hosts": [one]}, ids[1:]),
        ({"exclude_hosts": ["*"]}, []),
    ]
    for options, expected in cases:
        found = [hypervisor["id"] for hypervisor in collect(backend, source, **options)["hypervisors"]]
        assert found == expected, options


def test_filters_on_the_parent(backend: Backend, source: Source) -> None:
    word = first_word(backend)
    hosts = sorted(source.fleet.hosts, key=lambda host: str(host_id(backend, host, word)))
    parents = {parent for host in hosts for parent in (host.cluster, host.parent) if parent}

    def found(**options: t.Any) -> list[str]:
        return [hypervisor["id"] for hypervisor in collect(backend, source, **options)["hypervisors"]]

    for parent in sorted(parents):
        wanted = [host_id(backend, host, word) for host in hosts if parent in (host.cluster, host.parent)]
        others = [host_id(backend, host, word) for host in hosts if parent not in (host.cluster, host.parent)]
        assert found(filter_host_parents=[parent.swapcase()]) == wanted, "by name or native id, any case"
        assert found(exclude_host_parents=[parent]) == others
        assert found(filter_host_parents=[parent[:-1]]) == [], "the whole name"
        assert found(filter_host_parents=["*"], exclude_host_parents=[parent]) == [
            host_id(backend, host, word)
            for host in hosts
            if (host.cluster or host.parent) and parent not in (host.cluster, host.parent)
        ]
    assert found(filter_host_parents=["no such parent"]) == []
    assert len(found(exclude_host_parents=["no such parent"])) == len(hosts)


def test_facts_are_those_of_virt_who(backend: Backend, source: Source) -> None:
    known, optional = FACTS[backend.name], OPTIONAL.get(backend.name, frozenset())
    for hypervisor in collect(backend, source)["hypervisors"]:
        facts = hypervisor["facts"]
        assert {key: type(value) for key, value in facts.items()} == {key: known[key] for key in facts}
        assert known.keys() - facts.keys() <= optional
        assert "unknown" not in facts.values()


def test_nothing_secret_is_shown(backend: Backend, source: Source) -> None:
    mapping, warnings = backend.run({"hypervisor_id": first_word(backend), **source.options})
    text = json.dumps([mapping.to_dict(), warnings])
    assert not [secret for secret in source.secrets if secret in text]
    assert "@" not in mapping.source


def test_a_broken_object_is_named_and_loses_nothing_else(backend: Backend, tmp_path: Path) -> None:
    with backend.start(broken_fleet(), tmp_path) as source:
        mapping = collect(backend, source)
        if not backend.never_broken:
            assert {kind for kind, _name in source.skipped} & {"host", "guest"}, "the adapter must break something"
        assert sorted((entry["kind"], entry["name"]) for entry in mapping["skipped"]) == sorted(source.skipped)
        assert all(len(entry["reason"]) > 5 for entry in mapping["skipped"])
        expected = {host_id(backend, host, first_word(backend)): host for host in source.fleet.hosts}
        assert {hypervisor["id"] for hypervisor in mapping["hypervisors"]} == expected.keys()
        for hypervisor in mapping["hypervisors"]:
            guests = [common(guest, "guest") for guest in hypervisor["guests"]]
            assert guests == guest_rows(expected[hypervisor["id"]].guests)
            assert guests, "the good guest is still there"


def test_hostile_names_stay_what_they_are(backend: Backend, tmp_path: Path) -> None:
    with backend.start(hostile_fleet(), tmp_path) as source:
        mapping = collect(backend, source)
        held = [guest.name for host in source.fleet.hosts for guest in host.guests]
        held += [name for host in source.fleet.hosts for name in (host.name, host.cluster)]
        assert HOSTILE_NAMES[0] in held, "the adapter must bring in at least the template"
        for hypervisor, host in zip(mapping["hypervisors"], source.fleet.hosts):
            assert (hypervisor["name"], hypervisor["cluster"]) == (host.name, host.cluster)
            assert [common(guest, "guest") for guest in hypervisor["guests"]] == guest_rows(host.guests)


def test_twins_are_both_listed_and_warned_about(backend: Backend, tmp_path: Path) -> None:
    with backend.start(fleet_with_twins(), tmp_path) as source:
        uuids = [guest.uuid for host in source.fleet.hosts for guest in host.guests]
        twins = {str(uuid) for uuid in uuids if uuids.count(uuid) > 1}
        mapping, warnings = backend.run({"hypervisor_id": first_word(backend), **source.options})
        found = [guest.uuid for hypervisor in mapping.hypervisors for guest in hypervisor.guests or ()]
        assert sorted(found) == sorted(map(str, uuids))
        for uuid in twins:
            assert [warning for warning in warnings if uuid.lower() in warning.lower() and "have one uuid" in warning]


def test_an_empty_source_gives_an_empty_mapping(backend: Backend, tmp_path: Path) -> None:
    with backend.start(Fleet(()), tmp_path) as source:
        mapping = collect(backend, source)
        assert len(mapping["hypervisors"]) == len(source.fleet.hosts)
        assert [guest for hypervisor in mapping["hypervisors"] for guest in hypervisor["guests"]] == []


def test_the_module_is_a_thin_face(module_backend: Backend, tmp_path: Path) -> None:
    backend = module_backend
    with backend.start(standard_fleet(backend.states, backend.unplaced), tmp_path) as source:
        check_module(backend, source)


def check_module(backend: Backend, source: Source) -> None:
    """The module's process says what a direct call says."""
    options = {"hypervisor_id": first_word(backend), **source.options}
    for check_mode in (False, True):
        result = run_module(f"{backend.name}_hypervisor_guest_facts", options, check_mode=check_mode)
        assert result["changed"] is False
        shown, direct = result["ansible_facts"][FACT_NAME], collect(backend, source)
        assert {**shown, "collected_at": ""} == {**direct, "collected_at": ""}
        assert not [secret for secret in source.secrets if secret in result["_stdout"] + result["_stderr"]]


def test_the_module_says_plainly_that_it_cannot(module_backend: Backend) -> None:
    backend = module_backend
    result = run_module(
        f"{backend.name}_hypervisor_guest_facts", {"hypervisor_id": first_word(backend), **backend.dead}
    )
    assert result["failed"] is True
    assert "ansible_facts" not in result
    assert len(result["msg"]) > 20
    assert "\n" not in result["msg"]
    assert "Traceback" not in result["msg"]


def test_its_options_keep_secrets_and_read_the_environment(backend: Backend) -> None:
    for name, argument in backend.group.spec.items():
        if any(word in name for word in ("password", "token", "secret", "passphrase")):
            assert argument.get("no_log") is True, name
        if name in ("username", "password", "token"):
            variables = list(itertools.chain.from_iterable(argument["fallback"][1:]))
            assert f"VIRTMAP_{backend.name.upper()}_{name.upper()}" in variables, name


def test_every_backend_stands_in_the_registry() -> None:
    import ansible_collections.virtmap.core.plugins.module_utils._backends as package

    folders = {path.parent.name for path in Path(next(iter(package.__path__))).glob("*/client.py")}
    registered = {backend.name for backend in backends() if backend.has_module}
    assert registered == folders
    assert registered <= set(BACKENDS)
