# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run Ansible as a user does, and read what came of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

# Wherever it is evaluated, it leaves a file in the user's folder.
HOSTILE = "{{ lookup('pipe', 'touch $VIRTMAP_EXECUTED') }}"


@dataclass
class Run:
    """A finished run.

    Attributes:
        output: standard output and error together.
    """

    code: int
    output: str

    def recap(self, host: str) -> dict[str, int]:
        """The figures of a host in the recap of a playbook."""
        line = re.search(rf"^{re.escape(host)}\s*:(.*)$", self.output, re.MULTILINE)
        assert line is not None, self.output
        return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line.group(1))}

    @property
    def json(self) -> t.Any:
        """The output of a command that prints JSON first."""
        return json.JSONDecoder().raw_decode(self.output[self.output.index("{") :])[0]


@dataclass
class Site:
    """A folder of a user's: inventories, files, and commands that run there.

    Attributes:
        environment: variables of the commands beside those of the tests.
    """

    folder: Path
    environment: dict[str, str]

    def write(self, name: str, document: t.Any) -> Path:
        """Write a file as JSON, which is YAML as well."""
        path = self.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return path

    def inventory(self, hosts: dict[str, dict[str, t.Any]], **variables: t.Any) -> None:
        """Write ``sources.yml``."""
        self.write("sources.yml", {"all": {"vars": variables, "hosts": hosts}})

    def play(self, playbook: str, *arguments: str, inventory: str = "sources.yml") -> Run:
        """Run a playbook: the name of one of the collection's, or a file."""
        return self.command("playbook", "-i", inventory, playbook, *arguments)

    def command(self, name: str, *arguments: str) -> Run:
        """Run one of Ansible's commands, from the environment that runs the tests."""
        program = Path(sys.executable).with_name(f"ansible-{name}")
        environment = {
            **os.environ,
            "ANSIBLE_NOCOLOR": "1",
            "COLUMNS": "500",
            "HOME": str(self.folder),
            **self.environment,
        }
        done = subprocess.run(
            [str(program), *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return Run(done.returncode, done.stdout)


def guest(uuid: str, name: str | None = None, state: str = "running") -> dict[str, t.Any]:
    """A guest of a mapping."""
    return {"uuid": uuid, "name": name, "state": state}


def hypervisor(key: str, *guests: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    """A hypervisor of a mapping."""
    facts = {"cpu.cpu_socket(s)": "2", "hypervisor.type": "KVM", "dmi.system.uuid": key}
    return {"id": key, "uuid": key, "name": f"{key}.example.com", "cluster": "Blue", "parent": "c1", "facts": facts,
            "guests": list(guests), **more}  # fmt: skip


def mapping(
    *hypervisors: dict[str, t.Any], backend: str = "esx", source: str = "vcenter.example.com"
) -> dict[str, t.Any]:
    """A mapping as a facts module returns it."""
    return {"backend": backend, "source": source, "collected_at": "2026-11-21T08:00:00Z", "skipped": [], "unplaced": [],
            "hypervisors": list(hypervisors)}  # fmt: skip
