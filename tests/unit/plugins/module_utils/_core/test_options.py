# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A group of options means the same to a module and to a plugin."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.options import OPTIONS as KUBEVIRT
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    PROXY,
    SELECTION,
    TIMEOUT,
    TLS,
    OptionGroup,
    check_timeout,
    from_environment,
)
from ansible_collections.virtmap.core.tests.unit.run_module import run_module

# The group that the module beside this file has.
GROUP = (
    OptionGroup(
        {
            "server": from_environment("TEST_SERVER", type="str"),
            "username": from_environment("TEST_USERNAME", type="str"),
            "password": from_environment("TEST_PASSWORD", type="str", no_log=True),
            "token": {"type": "str", "no_log": True},
            "cert": {"type": "path"},
            "key": {"type": "path"},
            "mode": {"type": "str", "choices": ["a", "b"], "default": "a"},
            "port": {"type": "int", "default": 443},
            "names": {"type": "list", "elements": "str", "default": []},
        },
        mutually_exclusive=(("password", "token"),),
        required_together=(("username", "password"),),
        required_one_of=(("password", "token", "cert"),),
        required_if=(("mode", "b", ("key",)),),
        required_by={"key": ("cert",)},
    )
    + TIMEOUT
    + TLS
)
MODULE = "ansible_collections.virtmap.core.tests.unit.plugins.module_utils._core.option_module"
GOOD = {"server": "s", "token": "T0K3N"}
CASES: list[tuple[dict[str, t.Any], dict[str, str]]] = [
    (GOOD, {}),
    ({"server": "s", "username": "u", "password": "P4SS"}, {}),
    ({**GOOD, "port": "8443", "timeout": "5", "validate_certs": "no", "names": "a,b"}, {}),
    ({**GOOD, "port": 8443.0, "names": ["a", 1]}, {}),
    ({**GOOD, "ca_path": "~/ca.pem"}, {"HOME": "/home/reader"}),
    ({**GOOD, "mode": "b", "key": "k", "cert": "c"}, {}),
    ({"token": "T0K3N"}, {"VIRTMAP_TEST_SERVER": "from-the-environment"}),
    ({**GOOD}, {"VIRTMAP_TEST_SERVER": "not this one"}),
    ({}, {"VIRTMAP_TEST_USERNAME": "u", "VIRTMAP_TEST_PASSWORD": "P4SS", "VIRTMAP_TEST_SERVER": ""}),
    ({"server": None, "token": "T0K3N", "port": None}, {}),
    ({}, {}),
    ({**GOOD, "password": "P4SS", "username": "u"}, {}),
    ({"password": "P4SS"}, {}),
    ({**GOOD, "username": "u"}, {}),
    ({**GOOD, "mode": "c"}, {}),
    ({**GOOD, "mode": "b"}, {}),
    ({**GOOD, "key": "k"}, {}),
    ({**GOOD, "port": "https"}, {}),
    ({**GOOD, "validate_certs": "perhaps"}, {}),
    ({**GOOD, "passwrod": "p"}, {}),
    ({**GOOD, "names": {"a": 1}}, {}),
    ({**GOOD, "token": "T0K3N"}, {"VIRTMAP_TEST_PASSWORD": "P4SS", "VIRTMAP_TEST_USERNAME": "u"}),
]


@pytest.mark.parametrize(("values", "environment"), CASES, ids=range(len(CASES)))
def test_a_plugin_reads_them_as_a_module_does(
    values: dict[str, t.Any], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = run_module(MODULE, values, environment=environment)
    if result.get("failed"):
        with pytest.raises(InvalidInput) as caught:
            GROUP.validate(values, "here")
        # Sets of supported names are shown in any order.
        first = re.split(r"; |\. Supported| Valid booleans", caught.value.message.removeprefix("here: "))[0]
        assert first in result["msg"]
    else:
        assert GROUP.validate(values, "here") == result["seen"]


class TestTheEnvironmentBesideOptions:
    """Variables that are there for all sources of a job do not exclude what one of them was given."""

    everything = {f"VIRTMAP_TEST_{name}": f"env-{name}" for name in ("USERNAME", "PASSWORD", "SERVER")}

    def test_what_an_option_excludes_is_not_taken_nor_what_belongs_to_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.everything.items():
            monkeypatch.setenv(name, value)
        found = GROUP.validate({"token": "T0K3N"}, "here")
        assert (found["token"], found["password"], found["username"]) == ("T0K3N", None, None)
        assert found["server"] == "env-SERVER"
        assert run_module(MODULE, {"token": "T0K3N"}, environment=self.everything)["seen"] == found

    def test_what_needs_an_excluded_one_goes_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("SERVER", "TOKEN"):
            monkeypatch.setenv(f"VIRTMAP_KUBEVIRT_{name}", "x")
        found = KUBEVIRT.validate({"kubeconfig": "/c"}, "here")
        assert (found["kubeconfig"], found["server"], found["token"]) == ("/c", None, None)
        assert KUBEVIRT.validate({}, "here")["token"] == "x", "the group itself is as it was"

    def test_two_options_still_exclude_each_other(self) -> None:
        with pytest.raises(InvalidInput, match="mutually exclusive: password.token"):
            GROUP.validate({"token": "t0k", "username": "u", "password": "p4ss"}, "here")

    def test_two_variables_do_so_as_well(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("SERVER", "KUBECONFIG"):
            monkeypatch.setenv(f"VIRTMAP_KUBEVIRT_{name}", "some-text")
        with pytest.raises(InvalidInput, match="mutually exclusive: kubeconfig.server"):
            KUBEVIRT.validate({}, "here")


def test_the_values_that_came_in_are_left_as_they_are() -> None:
    values: dict[str, t.Any] = {**GOOD, "port": "1"}
    GROUP.validate(values, "here")
    assert values == {**GOOD, "port": "1"}


@pytest.mark.parametrize("value", [{"inner": "s3cret"}, ["s3cret"]])
def test_an_error_shows_no_secret(value: t.Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        GROUP.validate({"server": "s", "username": "u", "password": value, "token": "s3cret", "mode": "s3cret"}, "here")
    assert "s3cret" not in caught.value.message


class TestAddition:
    one = OptionGroup({"a": {"type": "str"}}, required_one_of=(("a", "b"),), required_by={"a": ("b",)})
    two = OptionGroup({"b": {"type": "str"}}, mutually_exclusive=(("b", "c"),), required_together=(("b", "c"),))

    def test_rules_travel_with_their_options(self) -> None:
        both = (self.one + self.two).module_arguments()
        assert both == {
            "argument_spec": {"a": {"type": "str"}, "b": {"type": "str"}},
            "mutually_exclusive": [["b", "c"]],
            "required_together": [["b", "c"]],
            "required_one_of": [["a", "b"]],
            "required_if": [],
            "required_by": {"a": ("b",)},
        }

    def test_it_changes_neither(self) -> None:
        assert (self.one + self.two).spec is not self.one.spec
        assert list(self.one.spec) == ["a"]


def test_the_common_groups_are_those_of_the_contract() -> None:
    everything = TIMEOUT + TLS + PROXY + SELECTION
    defaults = {name: argument.get("default") for name, argument in everything.spec.items()}
    assert defaults == {
        "timeout": 60,
        "validate_certs": True,
        "ca_path": None,
        "proxy": None,
        "hypervisor_id": "uuid",
        "filter_type": "wildcards",
        "filter_hosts": [],
        "exclude_hosts": [],
        "filter_host_parents": [],
        "exclude_host_parents": [],
    }


class TestTimeout:
    @pytest.mark.parametrize("value", [1, 60, 100000])
    def test_good(self, value: int) -> None:
        assert check_timeout({"timeout": value}) == float(value)

    @pytest.mark.parametrize("value", [0, -1])
    def test_none_would_hang_with_its_server(self, value: int) -> None:
        with pytest.raises(InvalidInput, match=f"^timeout is {value}, but must be at least 1 second$"):
            check_timeout({"timeout": value})
        with pytest.raises(InvalidInput, match="^wait_timeout is"):
            check_timeout({"wait_timeout": value}, "wait_timeout")
