# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The credential types of role awx against the options of the modules, which are the one truth."""

from __future__ import annotations

import typing as t
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin import options as candlepin
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5 import options as satellite5
from ansible_collections.virtmap.core.tests.servers.awx import AwxServer
from jinja2.sandbox import ImmutableSandboxedEnvironment

ROOT = Path(__file__).resolve().parents[2]
BACKENDS = sorted(path.parent.name for path in (ROOT / "plugins/module_utils/_backends").glob("*/options.py"))
BACKEND_GROUPS: dict[str, OptionGroup] = {
    name: import_module(f"ansible_collections.virtmap.core.plugins.module_utils._backends.{name}.options").OPTIONS
    for name in BACKENDS
}
GROUPS = {**BACKEND_GROUPS, "rhsm": candlepin.CONNECTION, "satellite5": satellite5.SERVER}


class _Loader(yaml.SafeLoader):
    """Reads what the role reads."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))  # type: ignore[arg-type]
TYPES: dict[str, dict[str, t.Any]] = {
    each["type"]: each
    for each in yaml.load((ROOT / "roles/awx/vars/main/credential_types.yml").read_text("utf-8"), Loader=_Loader)[
        "__awx_credential_types"
    ]
}


def from_environment(group: OptionGroup) -> dict[str, str]:
    """The options of a group that may come from the environment, with their variables."""
    return {name: spec["fallback"][1][0] for name, spec in group.spec.items() if "fallback" in spec}


def inject(kind: dict[str, t.Any], inputs: dict[str, str], folder: Path) -> dict[str, str]:
    """The environment of a job, as AWX makes it: fields that are empty are unknown, files are always written."""
    known: dict[str, t.Any] = {name: value for name, value in inputs.items() if value}
    environment = ImmutableSandboxedEnvironment()
    names = {}
    for template, text in kind["injectors"].get("file", {}).items():
        path = folder / template
        path.write_text(environment.from_string(text).render(**known), encoding="utf-8")
        names[template.partition(".")[2]] = str(path)
    known["tower"] = {"filename": names}
    return {name: environment.from_string(text).render(**known) for name, text in kind["injectors"]["env"].items()}


def test_there_is_a_type_for_all_that_take_options_from_the_environment() -> None:
    assert sorted(TYPES) == sorted(name for name, group in GROUPS.items() if from_environment(group))


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_type_has_the_options_of_its_module(name: str) -> None:
    kind, group = TYPES[name], GROUPS[name]
    fields = {each["id"]: each for each in kind["inputs"]["fields"]}
    assert list(fields) == list(from_environment(group))
    assert set(kind["injectors"]["env"]) == set(from_environment(group).values())
    for option, variable in from_environment(group).items():
        spec, field = group.spec[option], fields[option]
        assert option in kind["injectors"]["env"][variable]
        a_file = spec["type"] == "path"
        assert (f"template.{option}" in kind["injectors"].get("file", {})) is a_file
        assert field.get("multiline", False) is a_file
        # A kubeconfig holds tokens; a certificate by itself is no secret.
        secret = spec.get("no_log", False) or option in ("client_key", "kubeconfig")
        assert field.get("secret", False) is secret
        if spec.get("required") and option != "server":
            assert option in kind["inputs"]["required"]


@pytest.mark.parametrize("name", sorted(TYPES))
def test_what_is_filled_in_reaches_the_module_and_what_is_left_empty_does_not(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, group = TYPES[name], GROUPS[name]
    left_empty = {"ovirt": {"token"}, "kubevirt": {"kubeconfig", "context"}}.get(name, set())
    inputs = {each["id"]: f"a {each['id']}" for each in kind["inputs"]["fields"] if each["id"] not in left_empty}
    for variable, value in inject(kind, inputs, tmp_path).items():
        monkeypatch.setenv(variable, value)
    options = group.validate({}, name)
    for option in left_empty:
        assert options[option] is None
    for option, text in inputs.items():
        value = options[option]
        if group.spec[option]["type"] == "path":
            value = Path(value).read_text(encoding="utf-8")
        assert value == ([text] if group.spec[option]["type"] == "list" else text)


def test_awx_takes_all_of_them() -> None:
    server = AwxServer()
    for name, kind in TYPES.items():
        made = server.make(
            "credential_types", name=name, kind="cloud", inputs=kind["inputs"], injectors=kind["injectors"]
        )
        assert made["inputs"] == kind["inputs"]
