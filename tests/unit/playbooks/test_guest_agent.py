# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Role guest_agent in check mode, in a guest that has no agent yet."""

from __future__ import annotations

from .play import Site

# Stands for the managers of packages and of services: in check mode they would do what they are told.
MANAGER = """#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
AnsibleModule({"name": {}, "state": {}, "enabled": {}}, supports_check_mode=True).exit_json(changed=True)
"""


def test_check_mode_tells_of_a_policy_for_an_agent_that_is_not_there_yet(site: Site) -> None:
    (site.folder / "library").mkdir()
    site.write("library/manager.py", MANAGER)
    site.environment["ANSIBLE_LIBRARY"] = str(site.folder / "library")
    site.inventory(
        {"guest1": {}},
        ansible_connection="local",
        ansible_python_interpreter="{{ ansible_playbook_python }}",
        guest_agent_allowed_commands=["guest-info"],
    )
    manager = "ansible.legacy.manager"
    facts = {"os_family": "Debian", "pkg_mgr": manager, "service_mgr": manager, "cacheable": True}
    tasks = [
        {"ansible.builtin.set_fact": facts},
        {"ansible.builtin.include_role": {"name": "virtmap.core.guest_agent"}},
    ]
    # An agent of this machine is not found either.
    site.write(
        "play.yml", [{"hosts": "all", "gather_facts": False, "environment": {"PATH": "/nonexistent"}, "tasks": tasks}]
    )
    run = site.play("play.yml", "--check")
    assert run.recap("guest1")["failed"] == 0, run.output
    assert run.recap("guest1")["changed"] == 2, run.output
