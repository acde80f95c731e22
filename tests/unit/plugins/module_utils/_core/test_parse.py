# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import copy
import datetime
import typing as t

import pytest
import yaml
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Hypervisor
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping, parse_mappings
from hypothesis import given
from hypothesis import strategies as st

GOOD: dict[str, t.Any] = {
    "backend": "esx",
    "source": "vc.example.com",
    "collected_at": "2026-11-21T08:00:00Z",
    "hypervisors": [
        {
            "id": "h1",
            "uuid": "u1",
            "name": "esx1",
            "cluster": "Blue",
            "parent": "domain-c7",
            "facts": {"cpu.cpu_socket(s)": "2", "hypervisor.version": 8000002},
            "guests": [
                {"uuid": "g1", "name": "web1", "state": "running"},
                {"uuid": "g2", "name": None, "state": "shut_off", "virt_who_type": "esx"},
            ],
        },
        {"id": "h2"},
    ],
    "skipped": [{"kind": "host", "name": "esx9", "reason": "no uuid"}],
    "unplaced": [{"uuid": "g3", "name": "old", "state": "shut_off"}],
}
HOST = ("hypervisors", 0)
GUEST = (*HOST, "guests", 0)


def changed(place: t.Sequence[str | int], value: t.Any) -> dict[str, t.Any]:
    """The good mapping with another value at a place; Ellipsis takes the key away."""
    document = copy.deepcopy(GOOD)
    inner: t.Any = document
    for step in place[:-1]:
        inner = inner[step]
    if value is ...:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return document


BAD = [
    # place, value, path in the message, rest of the message
    (("hypervisors",), ..., "m.hypervisors", "is missing or null; the source did not answer in full"),
    (("hypervisors",), None, "m.hypervisors", "is missing or null; the source did not answer in full"),
    (("hypervisors",), {}, "m.hypervisors", "must be a list, not a dictionary"),
    (("hypervisors",), "", "m.hypervisors", "must be a list, not a text"),
    (("backend",), ..., "m.backend", "must be a text, not null"),
    (("backend",), "vmware", "m.backend", "is vmware, but must be one of libvirt, esx"),
    (("backend",), "ESX", "m.backend", "is ESX, but must be"),
    (("backend",), ["esx"], "m.backend", "must be a text, not a list"),
    (("source",), ..., "m.source", "must be a text"),
    (("source",), " ", "m.source", "is empty"),
    (("collected_at",), ..., "m.collected_at", "must be a moment such as 2026-11-21T08:00:00Z, not None"),
    (("collected_at",), "yesterday", "m.collected_at", "must be a moment such as .*, not yesterday"),
    (("collected_at",), 1764000000, "m.collected_at", "must be a moment"),
    (("collected_at",), datetime.date(2026, 11, 21), "m.collected_at", "must be a moment"),
    (("collected_at",), "0001-01-01T00:00:00+23:00", "m.collected_at", "is 0001-.*, which lies outside the years"),
    (("skipped",), {}, "m.skipped", "must be a list, not a dictionary"),
    (("skipped",), "", "m.skipped", "must be a list, not a text"),
    (("skipped", 0), "esx9", r"m.skipped\[0\]", "must be a dictionary, not a text"),
    (("skipped", 0, "reason"), 5, r"m.skipped\[0\].reason", "must be a text or null, not a number"),
    (("unplaced",), False, "m.unplaced", "must be a list, not a boolean"),
    (("unplaced", 0, "uuid"), "", r"m.unplaced\[0\].uuid", "is empty"),
    (HOST, None, r"m.hypervisors\[0\]", r"must be a dictionary, not null \(or missing\)"),
    (HOST, [], r"m.hypervisors\[0\]", "must be a dictionary, not a list"),
    ((*HOST, "id"), ..., r"m.hypervisors\[0\].id", "must be a text, not null"),
    ((*HOST, "id"), None, r"m.hypervisors\[0\].id", "must be a text, not null"),
    ((*HOST, "id"), 7, r"m.hypervisors\[0\].id", "must be a text, not a number"),
    ((*HOST, "id"), "\t", r"m.hypervisors\[0\].id", "is empty"),
    ((*HOST, "uuid"), 7, r"m.hypervisors\[0\].uuid", "must be a text or null, not a number"),
    ((*HOST, "name"), ["x"], r"m.hypervisors\[0\].name", "must be a text or null, not a list"),
    ((*HOST, "cluster"), True, r"m.hypervisors\[0\].cluster", "must be a text or null, not a boolean"),
    ((*HOST, "parent"), 1.5, r"m.hypervisors\[0\].parent", "must be a text or null, not a number"),
    ((*HOST, "facts"), [], r"m.hypervisors\[0\].facts", "must be a dictionary, not a list"),
    ((*HOST, "facts"), "", r"m.hypervisors\[0\].facts", "must be a dictionary, not a text"),
    (
        (*HOST, "facts", "x"),
        [],
        r"m.hypervisors\[0\].facts\['x'\]",
        "must be a text, a number or a boolean, not a list",
    ),
    ((*HOST, "facts", "x"), float("nan"), r"m.hypervisors\[0\].facts\['x'\]", "must be a text, a number or a boolean"),
    ((*HOST, "facts"), {1: "x"}, r"m.hypervisors\[0\].facts", "has the key 1, which is a number and must be a text"),
    ((*HOST, "guests"), {}, r"m.hypervisors\[0\].guests", "must be a list, not a dictionary"),
    ((*HOST, "guests"), "g1", r"m.hypervisors\[0\].guests", "must be a list, not a text"),
    (GUEST, "g1", r"m.hypervisors\[0\].guests\[0\]", "must be a dictionary, not a text"),
    ((*GUEST, "uuid"), ..., r"m.hypervisors\[0\].guests\[0\].uuid", "must be a text"),
    ((*GUEST, "uuid"), 5, r"m.hypervisors\[0\].guests\[0\].uuid", "must be a text, not a number"),
    ((*GUEST, "uuid"), "", r"m.hypervisors\[0\].guests\[0\].uuid", "is empty"),
    ((*GUEST, "name"), 5, r"m.hypervisors\[0\].guests\[0\].name", "must be a text or null"),
    (
        (*GUEST, "state"),
        "Running",
        r"m.hypervisors\[0\].guests\[0\].state",
        "is Running, but must be one of unknown, run",
    ),
    ((*GUEST, "state"), 1, r"m.hypervisors\[0\].guests\[0\].state", "is 1, but must be one of"),
    ((*GUEST, "state"), False, r"m.hypervisors\[0\].guests\[0\].state", "is False, but must be one of"),
    ((*GUEST, "state"), ["running"], r"m.hypervisors\[0\].guests\[0\].state", r"is \['running'\], but must be one of"),
    ((*GUEST, 1), "x", r"m.hypervisors\[0\].guests\[0\]", "has the key 1"),
]


@pytest.mark.parametrize(("place", "value", "path", "says"), BAD)
def test_what_is_wrong_is_said_with_its_place(place: t.Any, value: t.Any, path: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{path} {says}"):
        parse_mapping(changed(place, value), "m")


@pytest.mark.parametrize("value", [None, [], "x", 1, True])
def test_what_is_no_mapping_at_all(value: t.Any) -> None:
    with pytest.raises(InvalidInput, match="^mapping must be a dictionary, not "):
        parse_mapping(value)


def test_the_place_in_a_list_of_mappings() -> None:
    bad = copy.deepcopy(GOOD)
    bad["hypervisors"] = [{"id": f"h{number}", "guests": []} for number in range(4)]
    bad["hypervisors"][3]["guests"] = [{"uuid": None, "name": "x", "state": "running"}]
    with pytest.raises(InvalidInput, match=r"^mappings\[1\]\.hypervisors\[3\]\.guests\[0\]\.uuid must be a text"):
        parse_mappings([GOOD, bad])
    with pytest.raises(InvalidInput, match=r"^mappings\[0\] must be a dictionary, not null"):
        parse_mappings([None])
    with pytest.raises(InvalidInput, match="^mappings must be a list, not a dictionary"):
        parse_mappings(GOOD)


def test_hostile_values_cannot_forge_lines() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_mapping(changed((*GUEST, "state"), "x\nok: [localhost]\x1b[2J" + "y" * 10000))
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500


class TestGood:
    def test_all_of_it(self) -> None:
        found = parse_mapping(GOOD)
        assert (found.backend, found.source, found.collected_at) == ("esx", "vc.example.com", "2026-11-21T08:00:00Z")
        guests = [
            Guest("g1", "web1", GuestState.RUNNING),
            Guest("g2", None, GuestState.SHUT_OFF, {"virt_who_type": "esx"}),
        ]
        facts: dict[str, t.Any] = {"cpu.cpu_socket(s)": "2", "hypervisor.version": 8000002}
        assert found.hypervisors == [
            Hypervisor("h1", "u1", "esx1", "Blue", "domain-c7", facts, guests),
            Hypervisor("h2", guests=None),
        ]
        assert [entry.reason for entry in found.skipped] == ["no uuid"]
        assert found.unplaced == [Guest("g3", "old", GuestState.SHUT_OFF)]

    def test_no_hypervisors_is_an_answer(self) -> None:
        assert parse_mapping({**GOOD, "hypervisors": []}).hypervisors == []

    @pytest.mark.parametrize("guests", [None, ...])
    def test_guests_that_are_not_known_stay_so(self, guests: t.Any) -> None:
        assert parse_mapping(changed((*HOST, "guests"), guests)).hypervisors[0].guests is None

    def test_no_guests_is_another_answer(self) -> None:
        assert parse_mapping(changed((*HOST, "guests"), [])).hypervisors[0].guests == []

    @pytest.mark.parametrize("key", ["skipped", "unplaced"])
    @pytest.mark.parametrize("value", [None, ..., []])
    def test_the_other_lists_may_be_missing(self, key: str, value: t.Any) -> None:
        assert getattr(parse_mapping(changed((key,), value)), key) == []

    @pytest.mark.parametrize("value", [None, ..., {}])
    def test_facts_may_be_missing(self, value: t.Any) -> None:
        assert parse_mapping(changed((*HOST, "facts"), value)).hypervisors[0].facts == {}

    def test_a_fact_that_is_null_is_absent(self) -> None:
        facts = {"a": None, "b": False, "c": 0, "d": ""}
        assert parse_mapping(changed((*HOST, "facts"), facts)).hypervisors[0].facts == {"b": False, "c": 0, "d": ""}

    @pytest.mark.parametrize("value", [None, ...])
    def test_a_state_that_is_not_told_is_unknown(self, value: t.Any) -> None:
        guests = parse_mapping(changed((*GUEST, "state"), value)).hypervisors[0].guests
        assert guests is not None
        assert guests[0].state is GuestState.UNKNOWN

    def test_keys_of_backends_are_kept_everywhere(self) -> None:
        document = copy.deepcopy(GOOD)
        document["site"] = {"a": [1]}
        document["hypervisors"][0]["rack"] = "r1"
        document["hypervisors"][0]["guests"][0]["cores"] = 4
        document["unplaced"][0]["pool"] = None
        written = parse_mapping(document).to_dict()
        assert written["site"] == {"a": [1]}
        assert written["hypervisors"][0]["rack"] == "r1"
        assert written["hypervisors"][0]["guests"][0]["cores"] == 4
        assert "pool" in written["unplaced"][0]

    def test_a_key_of_a_backend_is_kept_where_the_name_is_missing(self) -> None:
        guest = {"uuid": "g1", "state": "running", "virt_who_type": "esx"}
        (host, _other) = parse_mapping(changed((*HOST, "guests"), [guest])).hypervisors
        assert host.guests == [Guest("g1", None, GuestState.RUNNING, {"virt_who_type": "esx"})]

    def test_a_broken_object_without_a_name_does_not_lose_the_mapping(self) -> None:
        entries = [{"kind": "host", "name": "", "reason": "no uuid"}, {"kind": "guest"}]
        assert len(parse_mapping({**GOOD, "skipped": entries}).skipped) == 2

    def test_tuples_are_lists(self) -> None:
        """Plugins may hand over what Jinja made."""
        assert len(parse_mapping({**GOOD, "hypervisors": tuple(GOOD["hypervisors"])}).hypervisors) == 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-21T08:00:00Z", "2026-11-21T08:00:00Z"),
        ("2026-11-21T08:00:00+00:00", "2026-11-21T08:00:00Z"),
        ("2026-11-21T09:30:00+01:30", "2026-11-21T08:00:00Z"),
        ("2026-11-21 08:00:00", "2026-11-21T08:00:00Z"),
        ("2026-11-21T08:00:00.999999Z", "2026-11-21T08:00:00Z"),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00Z"),
        (datetime.datetime(2026, 11, 21, 8), "2026-11-21T08:00:00Z"),
        (yaml.safe_load("2026-11-21T09:00:00+01:00"), "2026-11-21T08:00:00Z"),
    ],
)
def test_moments(value: t.Any, expected: str) -> None:
    assert parse_mapping({**GOOD, "collected_at": value}).collected_at == expected


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "uuid", "name", "state", "guests", "facts", "hypervisors"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, anything)) | anything)
def test_anything_is_parsed_or_refused(document: t.Any) -> None:
    """There is no third way: no other exception, whatever comes in."""
    whole = {**GOOD, **document} if isinstance(document, dict) else document
    try:
        parsed = parse_mapping(whole)
    except InvalidInput as exc:
        said = exc.message
    else:
        assert parse_mapping(parsed.to_dict()).to_dict() == parsed.to_dict()
        return
    assert said.startswith("mapping")
