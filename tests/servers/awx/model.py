# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What kinds of objects there are: their fields with defaults, what they refer to, and what AWX refuses."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

Item = dict[str, t.Any]
ENCRYPTED = "$encrypted$"
NOTIFICATIONS = {f"notification_templates_{when}": "notification_templates" for when in ("started", "success", "error")}
_LAUNCH: Item = {"extra_data": {}, "inventory": None, "scm_branch": "", "job_type": None, "job_tags": None,
                 "skip_tags": None, "limit": None, "diff_mode": None, "verbosity": None, "execution_environment": None,
                 "forks": None, "job_slice_count": None, "timeout": None}  # fmt: skip
_ASK = ("diff_mode", "variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory", "credential",
        "execution_environment", "forks", "instance_groups", "job_slice_count", "labels", "timeout", "scm_branch")  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One collection of the API.

    Attributes:
        type: word in the field ``type``.
        fields: with their defaults.
        required: fields without a usable default.
        references: fields that hold the id of an object of another collection.
        links: lists of objects below an object, with their collections.
        identity: fields that no two objects share.
        deleted: status of the answer to DELETE; large objects are deleted in the background.
    """

    type: str
    fields: Item
    required: tuple[str, ...] = ("name",)
    references: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    identity: tuple[str, ...] = ("name",)
    deleted: int = 204


def _named(**fields: t.Any) -> Item:
    return {"name": None, "description": "", **fields}


KINDS: dict[str, Kind] = {
    "organizations": Kind("organization", _named()),
    "instance_groups": Kind("instance_group", {"name": None}),
    "notification_templates": Kind(
        "notification_template", _named(organization=None), references={"organization": "organizations"}
    ),
    "credential_types": Kind(
        "credential_type",
        _named(kind=None, managed=False, inputs={}, injectors={}, namespace=None),
        required=("name", "kind"),
    ),
    "credentials": Kind(
        "credential",
        _named(organization=None, credential_type=None, managed=False, inputs={}, kind="cloud"),
        required=("name", "credential_type"),
        references={"organization": "organizations", "credential_type": "credential_types"},
        identity=("organization", "name", "credential_type"),
    ),
    "execution_environments": Kind(
        "execution_environment",
        _named(organization=None, image=None, managed=False, credential=None, pull=""),
        required=("name", "image"),
        references={"organization": "organizations", "credential": "credentials"},
    ),
    "projects": Kind(
        "project",
        _named(organization=None, scm_type="", scm_url="", scm_branch="", scm_refspec="", scm_clean=False,
               scm_track_submodules=False, scm_delete_on_update=False, credential=None, timeout=0, scm_revision="",
               scm_update_on_launch=False, scm_update_cache_timeout=0, allow_override=False, custom_virtualenv=None,
               default_environment=None, local_path="", signature_validation_credential=None),
        references={"organization": "organizations", "credential": "credentials",
                    "default_environment": "execution_environments"},
        links=NOTIFICATIONS,
        identity=("organization", "name"),
    ),
    "inventories": Kind(
        "inventory",
        _named(organization=None, kind="", host_filter=None, variables="", prevent_instance_group_fallback=False),
        required=("name", "organization"),
        references={"organization": "organizations"},
        links={"instance_groups": "instance_groups"},
        identity=("organization", "name"),
        deleted=202,
    ),
    "inventory_sources": Kind(
        "inventory_source",
        _named(inventory=None, source="", source_path="", source_vars="", scm_branch="", credential=None,
               enabled_var="", enabled_value="", host_filter="", limit="", overwrite=False, overwrite_vars=False,
               custom_virtualenv=None, timeout=0, verbosity=1, update_on_launch=False, update_cache_timeout=0,
               source_project=None, execution_environment=None),
        required=("name", "inventory"),
        references={"inventory": "inventories", "source_project": "projects", "credential": "credentials",
                    "execution_environment": "execution_environments"},
        links=NOTIFICATIONS,
        identity=("inventory", "name"),
    ),
    "job_templates": Kind(
        "job_template",
        _named(organization=None, job_type="run", inventory=None, project=None, playbook="", scm_branch="", forks=0,
               limit="", verbosity=0, extra_vars="", job_tags="", force_handlers=False, skip_tags="", start_at_task="",
               timeout=0, use_fact_cache=False, execution_environment=None, host_config_key="", survey_enabled=False,
               become_enabled=False, diff_mode=False, allow_simultaneous=False, custom_virtualenv=None,
               job_slice_count=1, webhook_service="", webhook_credential=None, prevent_instance_group_fallback=False,
               **{f"ask_{each}_on_launch": False for each in _ASK}),
        required=("name", "playbook", "project"),
        references={"inventory": "inventories", "project": "projects",
                    "execution_environment": "execution_environments"},
        links={"credentials": "credentials", "instance_groups": "instance_groups", **NOTIFICATIONS},
        identity=("organization", "name"),
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        _named(organization=None, extra_vars="", survey_enabled=False, allow_simultaneous=False, inventory=None,
               limit=None, scm_branch=None, webhook_service="", webhook_credential=None, job_tags=None, skip_tags=None,
               **{f"ask_{each}_on_launch": False for each in _ASK}),
        references={"organization": "organizations", "inventory": "inventories"},
        links={**NOTIFICATIONS, "notification_templates_approvals": "notification_templates"},
        identity=("organization", "name"),
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {**_LAUNCH, "identifier": None, "workflow_job_template": None, "unified_job_template": None,
         "all_parents_must_converge": False},
        required=("identifier", "workflow_job_template"),
        references={"workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates",
                    "inventory": "inventories"},
        links={**{f"{when}_nodes": "workflow_job_template_nodes" for when in ("success", "failure", "always")},
               "credentials": "credentials", "instance_groups": "instance_groups"},
        identity=("workflow_job_template", "identifier"),
    ),
    "schedules": Kind(
        "schedule",
        _named(**{**_LAUNCH, "rrule": None, "unified_job_template": None, "enabled": True}),
        required=("name", "rrule", "unified_job_template"),
        references={"unified_job_template": "unified_job_templates", "inventory": "inventories"},
        links={"credentials": "credentials", "instance_groups": "instance_groups"},
        identity=("unified_job_template", "name"),
    ),
}  # fmt: skip
# Everything that can be launched is also an object of this collection.
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates")


def check(collection: str, item: Item) -> Item:
    """What AWX itself refuses of an object, as the body of the answer with status 400; empty when it is right."""
    checks: dict[str, t.Callable[[Item], Item]] = {
        "credential_types": _credential_type,
        "inventory_sources": _inventory_source,
        "schedules": _schedule,
    }
    return checks[collection](item) if collection in checks else {}


def _credential_type(item: Item) -> Item:
    if item["kind"] not in ("net", "cloud"):
        return {"kind": [f'"{item["kind"]}" is not a valid choice.']}
    names = [each.get("id", "") for each in item["inputs"].get("fields", [])]
    for each in item["inputs"].get("fields", []):
        unknown = set(each) - {
            "id",
            "label",
            "help_text",
            "type",
            "format",
            "secret",
            "multiline",
            "default",
            "choices",
        }
        if unknown or not each.get("label") or not re.fullmatch(r"[a-zA-Z_]+[a-zA-Z0-9_]*", each.get("id", "")):
            return {"inputs": [f"{each} is no field"]}
    if len(set(names)) < len(names) or set(item["inputs"].get("required", [])) - set(names):
        return {"inputs": ["fields have one name, or a required one is missing"]}
    return _injectors(item["injectors"], names)


def _injectors(injectors: Item, names: list[str]) -> Item:
    """AWX renders every injector once with an example of each field, and takes no name that it does not know."""
    if set(injectors) - {"env", "file", "extra_vars"}:
        return {"injectors": ["Additional properties are not allowed"]}
    files = injectors.get("file", {})
    if any(not re.fullmatch(r"template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?", name) for name in files):
        return {"injectors": ["file must be template or template.<name>"]}
    known: Item = dict.fromkeys(names, "EXAMPLE")
    known["tower"] = {"filename": {name.partition(".")[2]: "EXAMPLE" for name in files} if files else "EXAMPLE"}
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for kind, entries in injectors.items():
        for name, text in entries.items():
            if kind == "env" and (name.startswith("ANSIBLE_") or not re.fullmatch(r"[a-zA-Z_]+[a-zA-Z0-9_]*", name)):
                return {"injectors": [f"{name} is not allowed as an environment variable"]}
            try:
                environment.from_string(text).render(**known)
            except TemplateError as error:
                return {"injectors": [f"{name}: {error}"]}
    return {}


def _inventory_source(item: Item) -> Item:
    if item["source"] == "scm" and not item["source_project"]:
        return {"source_project": ["Project required for scm type sources."]}
    if item["source"] not in ("scm", "ec2", "vmware", "controller"):
        return {"source": [f'"{item["source"]}" is not a valid choice.']}
    return {}


def _schedule(item: Item) -> Item:
    rule = item["rrule"]
    if not re.match(r"DTSTART(;TZID=[^:]+)?:\d{8}T\d{6}Z?( |$)", rule):
        return {"rrule": ["Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ"]}
    for found in re.findall(r"RRULE:(\S+)", rule) or [""]:
        if "FREQ=" not in found or "INTERVAL=" not in found:
            return {"rrule": ["INTERVAL required in rrule."]}
        if "SECONDLY" in found:
            return {"rrule": ["SECONDLY is not supported."]}
    return {}
