# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Role awx with the real modules of awx.awx against a loopback AWX."""

from __future__ import annotations

import os
import re
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.servers.awx import AwxServer
from ansible_collections.virtmap.core.tests.unit.playbooks.play import Run, Site

SECRET = "s3cr3t-of-the-vcenter"
SETTINGS: dict[str, t.Any] = {
    "awx_controller_username": "admin",
    "awx_controller_password": "s3cr3t-pass",
    "awx_project_url": "https://git.example.com/virtmap-site.git",
    "awx_execution_environment_image": "registry.example.com/virtmap-ee:1",
    "awx_inventory_sources": [{"path": "sources.yml"}],
    "awx_guest_inventory_sources": [{"path": "site.hypervisor_guests.yml", "credential": "vcenter east"}],
    "awx_credentials": [
        {"name": "vcenter east", "type": "esx", "inputs": {"username": "auditor", "password": SECRET}},
    ],
    "awx_gathers": [
        {
            "name": "east",
            "limit": "east",
            "credentials": ["vcenter east"],
            "slices": 3,
            "instance_groups": ["near", "far"],
        },
        {"name": "west", "limit": "west"},
    ],
    "awx_report_credentials": ["satellite"],
    "awx_report_instance_groups": ["near"],
    "awx_notification_templates_error": ["mail"],
    "awx_extra_vars": {"virtmap_sources": "sources"},
}


@pytest.fixture(name="awx", scope="module")
def awx_fixture() -> t.Iterator[AwxServer]:
    with AwxServer(page_size=1) as server:
        source = server.make("credential_types", name="Red Hat Satellite 6", kind="cloud")
        server.make("credentials", name="satellite", credential_type=source["id"])
        for name in ("near", "far"):
            server.make("instance_groups", name=name)
        server.make("notification_templates", name="mail")
        yield server


@pytest.fixture(name="site")
def site_fixture(tmp_path: Path) -> Site:
    site = Site(tmp_path, {"ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_PIPELINING": "1"})
    site.inventory({"localhost": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}})
    return site


def apply(site: Site, awx: AwxServer, *arguments: str, **more: t.Any) -> Run:
    site.write("settings.json", {**SETTINGS, "awx_controller_host": awx.url, **more})
    run = site.play("virtmap.core.awx", "-e", "@settings.json", *arguments)
    assert SECRET not in run.output
    assert "s3cr3t-pass" not in run.output
    return run


def test_awx_is_set_up_and_the_second_run_changes_nothing(site: Site, awx: AwxServer) -> None:
    # Each module takes half a second; the other types are tested beside this file.
    first = apply(site, awx, awx_credential_types=["esx", "kubevirt"])
    assert first.code == 0, first.output
    assert "[WARNING]" not in first.output
    held = {
        name: sorted(each.get("name") or each["identifier"] for each in found.values())
        for name, found in awx.objects.items()
    }
    assert held == {
        "organizations": ["Default"],
        "instance_groups": ["far", "near"],
        "notification_templates": ["mail"],
        "credential_types": ["Red Hat Satellite 6", "virtmap esx", "virtmap kubevirt"],
        "credentials": ["satellite", "vcenter east"],
        "execution_environments": ["virtmap"],
        "projects": ["virtmap"],
        "inventories": ["virtmap guests", "virtmap sources"],
        "inventory_sources": ["virtmap site.hypervisor_guests.yml", "virtmap sources.yml"],
        "job_templates": ["virtmap gather east", "virtmap gather west", "virtmap report", "virtmap status"],
        "workflow_job_templates": ["virtmap workflow"],
        "workflow_job_template_nodes": ["gather east", "gather west", "report"],
        "schedules": ["virtmap"],
    }
    assert awx.named("credentials", "vcenter east")["inputs"] == {"username": "auditor", "password": SECRET}
    assert awx.tokens == {}

    # One of each kind of object is enough.
    second = apply(
        site, awx, awx_credential_types=["kubevirt"], awx_gathers=SETTINGS["awx_gathers"][:1], awx_guest_inventory_sources=[]
    )  # fmt: skip
    assert second.code == 0, second.output
    assert second.recap("localhost")["changed"] == 0, second.output


def test_gathering_is_sliced_over_instance_groups_and_reporting_never_is(awx: AwxServer) -> None:
    east, report = (awx.named("job_templates", f"virtmap {name}") for name in ("gather east", "report"))
    assert (east["job_slice_count"], east["limit"], east["playbook"]) == (3, "east", "gather.yml")
    assert awx.linked(east, "instance_groups") == ["near", "far"]
    assert awx.linked(east, "credentials") == ["vcenter east"]
    for name in ("report", "status"):
        whole = awx.named("job_templates", f"virtmap {name}")
        assert (whole["job_slice_count"], whole["limit"], whole["allow_simultaneous"]) == (1, "", False)
        assert (whole["ask_job_slice_count_on_launch"], whole["ask_limit_on_launch"]) == (False, False)
    assert awx.linked(report, "credentials") == ["satellite"]
    assert "14400" in report["extra_vars"]


def test_the_report_runs_once_after_all_that_gather_whatever_became_of_them(awx: AwxServer) -> None:
    node = awx.named("workflow_job_template_nodes", "report")
    assert node["unified_job_template"] == awx.named("job_templates", "virtmap report")["id"]
    assert node["all_parents_must_converge"] is True
    for name in ("gather east", "gather west"):
        gather = awx.named("workflow_job_template_nodes", name)
        assert awx.linked(gather, "always_nodes") == ["report"]
        assert awx.linked(gather, "success_nodes") == awx.linked(gather, "failure_nodes") == []
    workflow = awx.named("workflow_job_templates", "virtmap workflow")
    assert workflow["allow_simultaneous"] is False
    assert awx.linked(workflow, "notification_templates_error") == ["mail"]
    assert awx.named("schedules", "virtmap")["unified_job_template"] == workflow["id"]


def test_the_playbooks_of_the_templates_are_those_that_come_with_the_role(awx: AwxServer) -> None:
    root = Path(__file__).resolve().parents[2]
    for template in awx.objects["job_templates"].values():
        text = (root / "roles" / "awx" / "files" / "project" / template["playbook"]).read_text(encoding="utf-8")
        (name,) = re.findall(r"import_playbook: virtmap\.core\.(\w+)", text)
        assert (root / "playbooks" / f"{name}.yml").exists()


def test_all_of_it_is_removed_and_what_is_gone_already_is_no_failure(site: Site, awx: AwxServer) -> None:
    gone = {"name": "gone", "type": "vdsm", "inputs": {}}
    run = apply(
        site, awx, awx_state="absent", awx_credential_types=["esx", "kubevirt"],
        awx_credentials=[*SETTINGS["awx_credentials"], gone],
    )  # fmt: skip
    assert run.code == 0, run.output
    left = {name: len(found) for name, found in awx.objects.items() if found}
    assert left == {
        "organizations": 1,
        "instance_groups": 2,
        "notification_templates": 1,
        "credential_types": 1,
        "credentials": 1,
    }


def test_without_the_collection_of_awx_one_sentence_says_what_to_install(site: Site, awx: AwxServer) -> None:
    alone = [
        path
        for path in os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep)
        if not (Path(path) / "ansible_collections" / "awx").exists()
    ]
    site.environment.update(ANSIBLE_COLLECTIONS_PATH=os.pathsep.join(alone))
    run = apply(site, awx)
    assert run.code == 2
    assert 'install it with "ansible-galaxy collection install awx.awx"' in run.output.replace("\\", "")
