# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Role schedule: units that systemd itself takes and rates, and a program of cron that really runs the playbook."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import re
import shlex
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.unit.playbooks.play import Run, Site

PROGRAM = str(Path(sys.executable).with_name("ansible-playbook"))
# What systemd calls OK is below 5.0; a service with everything of root's has 9.6.
WORST_RATING = "25"


def schedule(site: Site, scheduler: str, *arguments: str, **more: t.Any) -> Run:
    """Run the role with every folder below the user's."""
    for name in ("units", "cron"):
        (site.folder / name).mkdir(exist_ok=True)
    variables = {
        "schedule_scheduler": scheduler,
        "schedule_ansible_playbook": PROGRAM,
        "schedule_inventory": [str(site.folder / "sources.yml")],
        "schedule_playbook": str(site.folder / "play.yml"),
        "schedule_user": pwd.getpwuid(os.geteuid()).pw_name,
        "schedule_group": grp.getgrgid(os.getegid()).gr_name,
        "schedule_create_user": False,
        "schedule_state_directory": str(site.folder / "state"),
        "schedule_configuration_directory": str(site.folder / "etc"),
        "schedule_unit_directory": str(site.folder / "units"),
        "schedule_cron_directory": str(site.folder / "cron"),
        "schedule_randomized_delay": 0,
        "schedule_activate": False,
        **more,
    }
    site.inventory({"localhost": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}})
    roles = [{"role": "virtmap.core.schedule", "vars": variables}]
    site.write("schedule.yml", [{"hosts": "localhost", "gather_facts": False, "roles": roles}])
    return site.play("schedule.yml", *arguments)


def changed(run: Run) -> int:
    """How many tasks of a run that succeeded changed something."""
    assert run.code == 0, run.output
    return run.recap("localhost")["changed"]


def files(site: Site) -> list[str]:
    """All files of the schedule."""
    return sorted(str(path.relative_to(site.folder)) for name in ("units", "cron", "etc")
                  for path in (site.folder / name).glob("*"))  # fmt: skip


def systemd(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Let systemd judge the units."""
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{site.folder / 'units'}:"}
    return subprocess.run(["systemd-analyze", *arguments], env=environment, capture_output=True, text=True, check=False)


def test_the_units_of_systemd_from_their_writing_to_their_removal(site: Site) -> None:
    """One test, because each run of the role takes seconds."""
    secret = site.write("vault-password", "s3cret-of-the-vault\n")
    site.environment["ANSIBLE_DIFF_ALWAYS"] = "1"
    odd = 'a "b" \\ 100% $HOME'
    inventory = ["/srv/my sources/100%.yml", '/srv/$HOME/"quoted".yml']
    options: dict[str, t.Any] = {
        "schedule_calendar": "*-*-* 0/2:00:00",
        "schedule_environment": {"ODD": odd},
        "schedule_extra_vars": {"report_rhsm_password": "s3cret-of-a-user"},
        "schedule_inventory": inventory,
        "schedule_vault_password_file": str(secret),
    }
    first = schedule(site, "systemd", **options)
    assert changed(first) > 0
    assert files(site) == ["etc/virtmap-report.json", "units/virtmap-report.service", "units/virtmap-report.timer"]
    assert (site.folder / "etc" / "virtmap-report.json").stat().st_mode & 0o777 == 0o640
    units = [site.folder / "units" / f"virtmap-report.{kind}" for kind in ("service", "timer")]
    service, timer = (unit.read_text(encoding="utf-8") for unit in units)

    verified = systemd(site, "verify", *map(str, units))
    assert verified.returncode == 0, verified.stderr
    assert "virtmap-report" not in verified.stderr
    rated = systemd(site, "security", "--offline=true", f"--threshold={WORST_RATING}", str(units[0]))
    assert rated.returncode == 0, rated.stdout[-2000:]

    assert "OnCalendar=*-*-* 0/2:00:00" in timer
    assert "Persistent=true" in timer
    # Every word as it was given.
    (line,) = re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)
    words = shlex.split(line.replace("%%", "%").replace("$$", "$"))
    assert words[:5] == [PROGRAM, "-i", inventory[0], "-i", inventory[1]]
    (value,) = re.findall(r'^Environment="ODD=(.*)"$', service, re.MULTILINE)
    assert value.replace("%%", "%").replace('\\"', '"').replace("\\\\", "\\") == odd
    # The password as a credential, and nowhere else.
    assert f"LoadCredential=vault-password:{secret}" in service
    assert "--vault-password-file ${CREDENTIALS_DIRECTORY}/vault-password" in service
    assert "s3cret-of-the-vault" not in first.output + service
    assert "+OnCalendar" in first.output
    assert "s3cret-of-a-user" not in first.output + service

    assert changed(schedule(site, "systemd", **options)) == 0
    assert changed(schedule(site, "systemd", schedule_state="absent")) == 1
    assert files(site) == []


@pytest.mark.newest_core
@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ({"schedule_inventory": []}, "schedule_inventory is missing"),
        ({"schedule_ansible_playbook": "/nowhere/ansible-playbook"}, "/nowhere/ansible-playbook is no program"),
        ({"schedule_state": "there"}, "schedule_state"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    site: Site, more: dict[str, t.Any], finding: str
) -> None:
    run = schedule(site, "systemd", **more)
    assert run.code == 2
    assert finding in run.output
    assert files(site) == []


@pytest.mark.newest_core
def test_cron_runs_the_playbook_with_the_vault_password_and_never_twice_at_once(site: Site) -> None:
    secret = site.write("vault-password", "s3cret-of-the-vault\n")
    tasks = [
        {"ansible.builtin.copy": {"content": "{{ report_record }} {{ odd }}", "dest": f"{site.folder}/ran"}},
        {"ansible.builtin.fail": {"msg": "seen"}, "when": "odd == 'fail'"},
    ]
    site.write("play.yml", [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    odd = 'it\'s $HOME `id` "so"'
    run = schedule(site, "cron", schedule_vault_password_file=str(secret), schedule_extra_vars={"odd": odd})
    assert run.code == 0, run.output
    entry = (site.folder / "cron" / "virtmap-report").read_text(encoding="utf-8")
    program = entry.splitlines()[-1].split(" ", 6)[6]
    assert Path(program).is_file()
    assert (site.folder / "etc" / "virtmap-report.vault").stat().st_mode & 0o777 == 0o600
    lock = site.folder / "state" / "virtmap-report.lock"
    with lock.open("w", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert subprocess.run([program], check=False, timeout=60).returncode == 0
        assert not (site.folder / "ran").exists()
    done = subprocess.run([program], check=False, timeout=120)
    log = (site.folder / "state" / "virtmap-report.log").read_text(encoding="utf-8")
    assert done.returncode == 0, log
    assert (site.folder / "ran").read_text(encoding="utf-8") == f"{site.folder}/state/virtmap-report.json {odd}"
    (site.folder / "etc" / "virtmap-report.json").write_text('{"odd": "fail"}', encoding="utf-8")
    assert subprocess.run([program], check=False, timeout=120).returncode != 0
    # For Ansible itself a run without its inventory is a success.
    (site.folder / "etc" / "virtmap-report.json").write_text('{"odd": "well"}', encoding="utf-8")
    inventory = (site.folder / "sources.yml").rename(site.folder / "kept.yml")
    assert subprocess.run([program], check=False, timeout=120).returncode != 0
    inventory.rename(site.folder / "sources.yml")
    assert changed(schedule(site, "cron", schedule_state="absent")) == 1
    assert files(site) == []
