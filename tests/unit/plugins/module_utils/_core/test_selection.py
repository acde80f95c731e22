# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Host
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection, compile_patterns
from hypothesis import given
from hypothesis import strategies as st

W, R = "wildcards", "regex"
MATCHES = [
    # type, pattern, id, whether it matches
    (W, "esx1.example.com", "esx1.example.com", True),
    (W, "esx1.example.com", "ESX1.Example.COM", True),
    (W, "ESX*", "esx1.example.com", True),
    (W, "esx1", "esx1.example.com", False),
    (W, "example.com", "esx1.example.com", False),
    (W, "esx1.example.com", "esx10example.com", False),
    (W, "esx?.example.com", "esx1.example.com", True),
    (W, "esx?.example.com", "esx10.example.com", False),
    (W, "esx[12].*", "esx2.example.com", True),
    (W, "esx[12].*", "esx3.example.com", False),
    (W, "esx[!12].*", "esx3.example.com", True),
    (W, "esx[!12].*", "esx1.example.com", False),
    (W, "esx[a-c]", "ESXB", True),
    (W, "[", "[", True),
    (W, "a|b", "a", False),
    (W, "a|b", "a|b", True),
    (W, "(esx)", "(esx)", True),
    (W, "a.b", "axb", False),
    (W, "*", "anything at all", True),
    (W, "*", "two\nlines", True),
    (W, "esx", "esx\n", False),
    (R, r"esx\d+\.example\.com", "esx12.example.com", True),
    (R, r"esx\d+", "esx12.example.com", False),
    (R, "example", "esx12.example.com", False),
    (R, "ESX.*", "esx12.example.com", True),
    (R, "a|b", "a", True),
    (R, "a|b", "b", True),
    (R, "a|b", "ab", False),
    (R, "a|b", "ax", False),
    (R, "a|b", "xb", False),
    (R, "a|ab", "ab", True),
    (R, "^a$", "a", True),
    (R, "a", "a\n", False),
    (R, "(?i)A", "a", True),
    (R, "[[:alpha:]", "x", False),
    (R, "", "", None),
    (R, "esx*", "esxxx", True),
]


@pytest.mark.parametrize(("kind", "pattern", "name", "expected"), MATCHES)
@pytest.mark.filterwarnings("ignore:Possible nested set")
def test_what_a_pattern_matches(kind: str, pattern: str, name: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(InvalidInput, match="filter_hosts holds an empty pattern"):
            Selection.from_options({"filter_type": kind, "filter_hosts": [pattern]})
        return
    selection = Selection.from_options({"filter_type": kind, "filter_hosts": [pattern]})
    assert selection.wants(name, ()) is expected
    excluding = Selection.from_options({"filter_type": kind, "exclude_hosts": [pattern]})
    assert excluding.wants(name, ()) is not expected
    parents = Selection.from_options({"filter_type": kind, "filter_host_parents": [pattern]})
    assert parents.wants("any", ("another", name)) is expected
    without = Selection.from_options({"filter_type": kind, "exclude_host_parents": [pattern]})
    assert without.wants("any", ("another", name)) is not expected


@given(st.text(min_size=1), st.text())
def test_a_literal_wildcard_matches_itself_only(pattern: str, name: str) -> None:
    """Whatever a pattern without special characters is, it stands for one name, whole, in any case."""
    plain = "".join(char for char in pattern if char not in "*?[]") or "x"
    selection = Selection.from_options({"filter_hosts": [plain]})
    assert selection.wants(plain, ())
    assert not selection.wants(f"{plain}!", ())
    if selection.wants(name, ()):
        assert len(name) == len(plain)


FILTERS = [
    # filter_hosts, exclude_hosts, filter_host_parents, exclude_host_parents, ids that are left
    ([], [], [], [], "abc"),
    (None, None, None, None, "abc"),
    (["a"], [], [], [], "a"),
    (["a", "b"], [], [], [], "ab"),
    ([], ["a"], [], [], "bc"),
    (["a", "b"], ["a"], [], [], "b"),
    (["*"], ["*"], [], [], ""),
    (["nobody"], [], [], [], ""),
    ([], [], ["blue"], [], "ab"),
    ([], [], ["domain-c7"], [], "ab"),
    ([], [], ["domain-c"], [], ""),
    ([], [], [], ["BLUE"], "c"),
    ([], [], ["*"], ["blue"], ""),
    (["a", "c"], [], ["blue"], [], "a"),
    (["a", "c"], [], [], ["blue"], "c"),
    ([], ["b"], ["blue"], [], "a"),
    ([], [], ["blue", "nothing"], [], "ab"),
]


@pytest.mark.parametrize(("wanted", "excluded", "parents", "without", "left"), FILTERS)
def test_filters_together(wanted: t.Any, excluded: t.Any, parents: t.Any, without: t.Any, left: str) -> None:
    selection = Selection.from_options(
        {
            "filter_hosts": wanted,
            "exclude_hosts": excluded,
            "filter_host_parents": parents,
            "exclude_host_parents": without,
        }
    )
    hosts = [
        Host(ids={"uuid": "a"}, parents=("Blue", "domain-c7")),
        Host(ids={"uuid": "b"}, parents=("Blue", "domain-c7")),
        Host(ids={"uuid": "c"}),
    ]
    found, skipped = selection.apply(hosts)
    assert "".join(hypervisor.id for hypervisor in found) == left
    assert skipped == []


class TestRefused:
    @pytest.mark.parametrize("option", ["filter_hosts", "exclude_hosts", "filter_host_parents", "exclude_host_parents"])
    @pytest.mark.parametrize("pattern", ["(", "a{2,1}", "*", "[a", "(?P<x", "a{99999999999}", "(?<=a*)b"])
    def test_what_is_no_regular_expression(self, option: str, pattern: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            Selection.from_options({"filter_type": R, option: ["fine", pattern]})
        assert caught.value.message.startswith(f"{option} holds {pattern!r}, which is not a regular expression: ")

    def test_wildcards_are_never_wrong(self) -> None:
        for pattern in ("(", "[a", "a{2,1}", "\\"):
            assert Selection.from_options({"filter_type": W, "filter_hosts": [pattern]}).wants(pattern, ())

    def test_a_word_that_the_backend_does_not_have(self) -> None:
        selection = Selection.from_options({"hypervisor_id": "hwuuid"})
        selection.allow_ids(("uuid", "hwuuid"), "esx")
        with pytest.raises(
            InvalidInput, match="^hypervisor_id hwuuid does not exist for the backend libvirt; use uuid"
        ):
            selection.allow_ids(("uuid", "hostname"), "libvirt")


class TestIds:
    def test_the_default_is_the_uuid(self) -> None:
        assert Selection.from_options({}).hypervisor_id == "uuid"

    @pytest.mark.parametrize("word", ["uuid", "hwuuid", "hostname"])
    def test_the_chosen_one_is_reported_and_filtered(self, word: str) -> None:
        host = Host(
            ids={"uuid": "u1", "hwuuid": "w1", "hostname": "n1"}, uuid="u1", name="display", guests=[Guest("g")]
        )
        options = {"hypervisor_id": word, "filter_hosts": [f"{word[1] if word != 'uuid' else 'u'}*"]}
        found, _skipped = Selection.from_options({"hypervisor_id": word}).apply([host])
        assert found[0].id == host.ids[word]
        assert (found[0].uuid, found[0].name, found[0].guests) == ("u1", "display", [Guest("g")])
        other = {**options, "filter_hosts": ["display"]}
        assert Selection.from_options(other).apply([host])[0] == []

    @pytest.mark.parametrize("missing", [None, "", "  ", "\t"])
    def test_a_host_without_it_is_named(self, missing: str | None) -> None:
        hosts = [
            Host(ids={"uuid": missing, "hostname": "n1"}, name="esx9", missing={"uuid": "the host is disconnected"}),
            Host(ids={"uuid": missing, "hostname": "n2"}),
            Host(ids={}),
            Host(ids={"uuid": "good"}),
        ]
        found, skipped = Selection.from_options({}).apply(hosts)
        assert [hypervisor.id for hypervisor in found] == ["good"]
        assert [(entry.kind, entry.name, entry.reason) for entry in skipped] == [
            ("host", "esx9", "no uuid: the host is disconnected"),
            ("host", "n2", "no uuid"),
            ("host", "(no name)", "no uuid"),
        ]

    def test_a_host_without_it_in_a_parent_that_is_left_out_is_not_named(self) -> None:
        hosts = [Host(ids={}, name="a", parents=("Test",)), Host(ids={}, name="b", parents=("Blue",))]
        _found, skipped = Selection.from_options({"exclude_host_parents": ["test"]}).apply(hosts)
        assert [entry.name for entry in skipped] == ["b"]


def test_no_patterns_compile_to_no_filter() -> None:
    assert compile_patterns("x", [], W) is None
    assert compile_patterns("x", None, R) is None
