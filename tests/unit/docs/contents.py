# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the collection has: names of its contents, options of its modules, plugins and roles."""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
import typing as t
from functools import cache
from unittest import mock

import yaml
from ansible.module_utils.basic import FILE_COMMON_ARGUMENTS, AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.tests.unit.docs.blocks import ROOT

PREFIX = "virtmap.core."
Spec = dict[str, t.Any]
_RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
# Types that plugins have and modules have not.
_TYPES = {"string": "str", "integer": "int", "boolean": "bool", "pathlist": "list", "pathspec": "list", "none": "raw"}
_TYPES_OF_MODULES = ("str", "int", "bool", "list", "dict", "path", "raw", "float")
# Which module the rest of a variable's name is an option of.
_VARIABLES_OF_MODULES = {
    "report_rhsm_": "rhsm_hypervisor_checkin",
    "report_satellite5_": "satellite5_virt_notify",
}


class WrongExample(Exception):
    """An example does not fit the collection."""


def _stems(folder: str, *patterns: str) -> frozenset[str]:
    found = {path.stem for pattern in patterns for path in (ROOT / folder).glob(pattern)}
    return frozenset(name for name in found if not name.startswith("_"))


NAMES: dict[str, frozenset[str]] = {
    "module": _stems("plugins/modules", "*.py"),
    "inventory": _stems("plugins/inventory", "*.py"),
    "lookup": _stems("plugins/lookup", "*.py"),
    "filter": _stems("plugins/filter", "*.yml"),
    "event_source": _stems("extensions/eda/plugins/event_source", "*.py"),
    "rulebook": _stems("extensions/eda/rulebooks", "*.yml"),
    "role": frozenset(path.parent.name for path in (ROOT / "roles").glob("*/meta")),
    "playbook": _stems("playbooks", "*.yml"),
}
# An action group, and the namespaces of Python and of the guides.
_OTHER = {"virtmap", "plugins", "docsite"}
_NAMED = re.compile(r"\bvirtmap\.core\.([A-Za-z_][A-Za-z0-9_]*)")


def check_names(text: str) -> None:
    """Whether all contents of the collection that a text names are there."""
    known = frozenset().union(*NAMES.values()) | _OTHER
    for name in _NAMED.findall(text):
        if name not in known:
            raise WrongExample(f"the collection has nothing called {PREFIX}{name}")


def is_template(value: t.Any) -> bool:
    """Whether a value, or anything in it, is known when the play runs only."""
    if isinstance(value, dict):
        return any(is_template(item) for item in value.values())
    if isinstance(value, list):
        return any(is_template(item) for item in value)
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def validate(spec: Spec, values: t.Mapping[str, t.Any], **rules: t.Any) -> None:
    """Check options as a module would; values that are templates may become anything."""
    spec = {
        name: {"type": "raw", "required": argument.get("required", False)}
        if is_template(values.get(name))
        else argument
        for name, argument in spec.items()
    }
    result = ArgumentSpecValidator(spec, **rules).validate(dict(values))
    if result.error_messages:
        raise WrongExample("; ".join(result.error_messages))


class _Built(Exception):
    """A module has told its options."""


@cache
def module_arguments(name: str) -> dict[str, t.Any]:
    """The keyword arguments that a module of ours gives to AnsibleModule."""
    told: dict[str, t.Any] = {}

    def note(_self: t.Any, **arguments: t.Any) -> None:
        told.update(arguments)
        raise _Built

    module = importlib.import_module(f"ansible_collections.virtmap.core.plugins.modules.{name}")
    with mock.patch.object(AnsibleModule, "__init__", note):
        with contextlib.suppress(_Built):
            module.main()
    if told.get("add_file_common_args"):
        told["argument_spec"] = {**FILE_COMMON_ARGUMENTS, **told["argument_spec"]}
    return told


def check_module(name: str, values: t.Any) -> None:
    """Check the options of a task of ours."""
    if name not in NAMES["module"]:
        raise WrongExample(f"there is no module {PREFIX}{name}")
    if isinstance(values, str) and not is_template(values):
        raise WrongExample(f"{PREFIX}{name} has its options in one text; write them as a dictionary")
    if values is not None and not isinstance(values, dict):
        return
    arguments = module_arguments(name)
    try:
        validate(arguments["argument_spec"], values or {}, **{rule: arguments.get(rule) for rule in _RULES})
    except WrongExample as exc:
        raise WrongExample(f"{PREFIX}{name}: {exc}") from exc


@cache
def role_variables(role: str) -> Spec:
    """The variables of a role, of all its entry points."""
    path = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    specs = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    return {name: value for entry in specs.values() for name, value in entry.get("options", {}).items()}


@cache
def words_of_tasks(role: str) -> frozenset[str]:
    """Every word in the tasks of a role: the facts that it sets, and variables that it shares with a playbook."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "roles" / role / "tasks").glob("*.yml"))
    return frozenset(word for text in texts for word in re.findall(r"\w+", text))


def role_of(variable: str) -> str | None:
    """The role that a variable is one of by its name."""
    found = [role for role in NAMES["role"] if variable.startswith(f"{role}_")]
    return max(found, key=len) if found else None


def check_variables(values: t.Mapping[t.Any, t.Any]) -> None:
    """Whether those of some variables that are named like variables of our roles are ones."""
    plain = {str(name): value for name, value in values.items()}
    for name, value in plain.items():
        role = role_of(name)
        if role is None:
            continue
        if name not in role_variables(role):
            raise WrongExample(f"role {role} has no variable {name}")
        _check_value(name, role_variables(role)[name], value)
        for prefix, module in _VARIABLES_OF_MODULES.items():
            option = module_arguments(module)["argument_spec"].get(name[len(prefix) :])
            if name.startswith(prefix) and option is not None:
                _check_value(name, option, value)
    backend = plain.get("gather_backend")
    if backend is not None and not is_template(backend):
        _check_source(backend, plain)


def _check_source(backend: str, variables: t.Mapping[str, t.Any]) -> None:
    spec = module_arguments(f"{backend}_hypervisor_guest_facts")["argument_spec"]
    for name, value in variables.items():
        option = name[len("gather_") :]
        if not name.startswith("gather_") or option in ("backend", "delegate_to"):
            continue
        if option not in spec:
            raise WrongExample(f"the backend {backend} has no option {option}, so {name} does not fit it")
        _check_value(name, spec[option], value)


def _check_value(name: str, argument: Spec, value: t.Any) -> None:
    kept = {key: item for key, item in argument.items() if key in ("type", "elements", "choices", "options")}
    validate({name: kept}, {name: value})


@cache
def plugin_options(kind: str, name: str) -> Spec:
    """The documented options of a plugin, those of its fragments among them, as an argument spec."""
    tree = ast.parse((ROOT / "plugins" / kind / f"{name}.py").read_text(encoding="utf-8"))
    found = [node.value for node in tree.body if isinstance(node, ast.Assign)
             and any(getattr(target, "id", "") == "DOCUMENTATION" for target in node.targets)]  # fmt: skip
    document = yaml.safe_load(ast.literal_eval(found[0]))
    options: Spec = dict(document.get("options", {}))
    for fragment in document.get("extends_documentation_fragment", []):
        options.update(_fragment(fragment).get("options", {}))
    return {key: _argument(option) for key, option in options.items()}


def _fragment(name: str) -> dict[str, t.Any]:
    parts = name.split(".")
    package = {"ansible": "ansible.plugins", "virtmap": "ansible_collections.virtmap.core.plugins"}[parts[0]]
    module = importlib.import_module(f"{package}.doc_fragments.{parts[2]}")
    document = yaml.safe_load(
        getattr(module.ModuleDocFragment, parts[3].upper() if len(parts) > 3 else "DOCUMENTATION")
    )
    assert isinstance(document, dict)
    return document


def _argument(option: Spec) -> Spec:
    kept = {key: option[key] for key in ("type", "elements", "choices", "required") if key in option}
    for key in ("type", "elements"):
        if key in kept:
            word = _TYPES.get(kept[key], kept[key])
            kept[key] = word if word in _TYPES_OF_MODULES else "raw"
    return kept


def check_source(value: t.Any, where: str) -> None:
    """Check a source of the inventory plugin or of the event source: a backend and its options."""
    if not isinstance(value, dict):
        raise WrongExample(f"{where} is no dictionary")
    options = dict(value)
    backend = options.pop("backend", None)
    if f"{backend}_hypervisor_guest_facts" not in NAMES["module"]:
        raise WrongExample(f"{where} has no backend of ours")
    group = importlib.import_module(
        f"ansible_collections.virtmap.core.plugins.module_utils._backends.{backend}.options"
    ).OPTIONS
    arguments = (group + SELECTION).module_arguments()
    try:
        validate(arguments["argument_spec"], options, **{rule: arguments.get(rule) for rule in _RULES})
    except WrongExample as exc:
        raise WrongExample(f"{where}: {exc}") from exc
