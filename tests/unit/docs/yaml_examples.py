# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Tells examples in YAML apart, and checks each by its kind."""

from __future__ import annotations

import typing as t

import jinja2
import yaml
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.formats import from_virt_who
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping
from ansible_collections.virtmap.core.tests.unit.docs.contents import (
    NAMES,
    PREFIX,
    WrongExample,
    check_module,
    check_source,
    check_variables,
    plugin_options,
    role_of,
    validate,
)

Document = t.Any
_TASK_LISTS = ("tasks", "pre_tasks", "post_tasks", "handlers")
_BLOCKS = ("block", "rescue", "always")
_GROUP = f"group/{PREFIX}virtmap"
_JINJA = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])


class _Loader(yaml.SafeLoader):
    """As Ansible reads YAML: with its tags, and no key twice."""


def _tagged(loader: yaml.Loader, _suffix: str, node: yaml.Node) -> t.Any:
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


def _mapping(loader: yaml.Loader, node: yaml.MappingNode) -> dict[t.Any, t.Any]:
    keys = [loader.construct_object(key, deep=True) for key, _value in node.value]  # type: ignore[no-untyped-call]
    twice = [key for index, key in enumerate(keys) if key in keys[:index]]
    if twice:
        raise WrongExample(f"line {node.start_mark.line + 1} of the example has the key {twice[0]} twice")
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _tagged)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read(text: str) -> list[Document]:
    """The documents of an example."""
    try:
        return [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except yaml.YAMLError as exc:
        raise WrongExample(f"it is no YAML: {exc}") from exc


def check(document: Document) -> None:
    """Check one document by its kind, apart from what Ansible itself says to plays and tasks."""
    _check_templates(document)
    _CHECKS[kind(document)](document)


def kind(document: Document) -> str:
    """What a document is for."""
    if isinstance(document, list) and document and all(isinstance(item, dict) for item in document):
        if all("sources" in item and "rules" in item for item in document):
            return "rulebook"
        if all(_is_event_source(item) for item in document):
            return "event sources"
        return "plays" if any("hosts" in item or _imported(item) for item in document) else "tasks"
    if isinstance(document, dict):
        for word, is_one in _DICTIONARIES.items():
            if is_one(document):
                return word
    raise WrongExample(
        "cannot tell what it is: neither plays, tasks, an inventory, a configuration of an inventory plugin, variables nor a mapping; "
        "teach tests/unit/docs/yaml_examples.py its kind, or mark it as text"
    )


def _imported(item: dict[str, t.Any]) -> t.Any:
    return item.get("import_playbook") or item.get("ansible.builtin.import_playbook")


def _is_event_source(item: dict[str, t.Any]) -> bool:
    return any(str(key).startswith(PREFIX) and key[len(PREFIX) :] in NAMES["event_source"] for key in item)


def _is_inventory(document: dict[str, t.Any]) -> bool:
    return all(isinstance(group, dict) and group.keys() <= {"hosts", "children", "vars"} for group in document.values())


_DICTIONARIES: dict[str, t.Callable[[dict[str, t.Any]], bool]] = {
    "inventory plugin": lambda document: "plugin" in document,
    "manifest of Kubernetes": lambda document: {"apiVersion", "kind"} <= document.keys(),
    "execution environment": lambda document: "version" in document and "dependencies" in document,
    "requirements": lambda document: document.keys() <= {"collections", "roles"},
    "mapping": lambda document: {"backend", "hypervisors"} <= document.keys(),
    "virt-who's print": lambda document: document.keys() == {"hypervisors"},
    "inventory": _is_inventory,
    "variables": lambda document: any(role_of(str(key)) or str(key).startswith("vault_") for key in document),
}


# -- templates


def _check_templates(value: t.Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _check_templates(key)
            _check_templates(item)
    elif isinstance(value, list):
        for item in value:
            _check_templates(item)
    elif isinstance(value, str) and ("{{" in value or "{%" in value):
        _parse(value)


def _parse(template: str) -> None:
    try:
        _JINJA.parse(template)
    except jinja2.TemplateSyntaxError as exc:
        raise WrongExample(f"the template {template!r} is none: {exc}") from exc


# -- plays and tasks


def _plays(document: Document) -> None:
    for play in document:
        check_variables(play.get("vars") or {})
        defaults = (play.get("module_defaults") or {}).get(_GROUP, {})
        for key in _TASK_LISTS:
            _tasks(play.get(key) or [], defaults)
        for role in play.get("roles") or []:
            _role(role)


def _name_of(role: t.Any) -> str:
    return str(role if isinstance(role, str) else role.get("role", role.get("name", "")))


def _role(role: t.Any) -> None:
    name = _name_of(role)
    if name.startswith(PREFIX) and name[len(PREFIX) :] not in NAMES["role"]:
        raise WrongExample(f"there is no role {name}")
    if isinstance(role, dict):
        check_variables({**role, **role.get("vars", {})})


def _tasks(tasks: list[dict[str, t.Any]], defaults: t.Mapping[str, t.Any] | None = None) -> None:
    for task in tasks:
        check_variables(task.get("vars") or {})
        for key in _BLOCKS:
            _tasks(task.get(key) or [], {**(defaults or {}), **(task.get("module_defaults") or {}).get(_GROUP, {})})
        for key, values in task.items():
            if key.startswith(PREFIX):
                given = {**(defaults or {}), **values} if isinstance(values, dict) else values or dict(defaults or {})
                check_module(key[len(PREFIX) :], given)
            elif key in ("ansible.builtin.set_fact", "ansible.builtin.include_vars"):
                check_variables(values if isinstance(values, dict) else {})
            elif key in ("ansible.builtin.include_role", "ansible.builtin.import_role"):
                _role(values)


def playbook(document: Document) -> list[dict[str, t.Any]] | None:
    """A document as a playbook that Ansible can check; None where it holds neither plays nor tasks.

    What belongs to collections that are not installed here is left out.
    """
    word = kind(document)
    if word == "tasks":
        return [{"name": "Tasks of an example", "hosts": "all", "gather_facts": False, "tasks": _known(document)}]
    if word != "plays":
        return None
    plays = []
    for play in document:
        imported = _imported(play)
        if imported:
            if str(imported).startswith(PREFIX):
                plays.append(play)
            continue
        kept = dict(play)
        for key in _TASK_LISTS:
            if key in kept:
                kept[key] = _known(kept[key])
        if "roles" in kept:
            kept["roles"] = [role for role in kept["roles"] if not _is_foreign(_name_of(role))]
        plays.append(kept)
    return plays


def _is_foreign(name: str) -> bool:
    """Whether something belongs to a collection that is neither ours nor part of ansible-core."""
    return name.count(".") == 2 and not name.startswith((PREFIX, "ansible.builtin.", "ansible.legacy."))


def _known(tasks: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    kept = []
    for task in tasks:
        if not any(_is_foreign(key) for key in task):
            # A block without tasks is none.
            blocks = {key: _known(task[key]) or [{"ansible.builtin.meta": "noop"}] for key in _BLOCKS if task.get(key)}
            kept.append({**task, **blocks})
    return kept


# -- inventories


def _inventory(document: Document, inherited: t.Mapping[str, t.Any] | None = None) -> None:
    for group in document.values():
        variables = {**(inherited or {}), **((group or {}).get("vars") or {})}
        check_variables(variables)
        for host in ((group or {}).get("hosts") or {}).values():
            check_variables({**variables, **(host or {})})
        _inventory((group or {}).get("children") or {}, variables)


def _inventory_plugin(document: Document) -> None:
    name = document["plugin"]
    if not name.startswith(PREFIX):
        return
    if name[len(PREFIX) :] not in NAMES["inventory"]:
        raise WrongExample(f"there is no inventory plugin {name}")
    validate(plugin_options("inventory", name[len(PREFIX) :]), document)
    for index, source in enumerate(document.get("sources", [])):
        check_source(source, f"sources[{index}]")
    expressions = [*(document.get("compose") or {}).values(), *(document.get("groups") or {}).values()]
    for expression in expressions + [entry.get("key", "") for entry in document.get("keyed_groups") or []]:
        _parse("{{ " + str(expression) + " }}")


# -- the rest


def _parsed(parse: t.Callable[[Document, str], object]) -> t.Callable[[Document], None]:
    def run(document: Document) -> None:
        try:
            parse(document, "the example")
        except InvalidInput as exc:
            raise WrongExample(exc.message) from exc

    return run


def _nothing_more(_document: Document) -> None:
    """That it is YAML, and names what is there, is all that can be checked."""


_CHECKS: dict[str, t.Callable[[Document], None]] = {
    "plays": _plays,
    "tasks": _tasks,
    "inventory": _inventory,
    "inventory plugin": _inventory_plugin,
    "variables": check_variables,
    "mapping": _parsed(parse_mapping),
    "virt-who's print": _parsed(from_virt_who),
    "rulebook": _nothing_more,
    "event sources": _nothing_more,
    "manifest of Kubernetes": _nothing_more,
    "execution environment": _nothing_more,
    "requirements": _nothing_more,
}
