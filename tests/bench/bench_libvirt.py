# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A libvirt host with 10,000 guests: our collection against the bare batch call and against community.libvirt.

The guests live in the test driver of a private daemon, so every answer crosses a socket, as with a real hypervisor.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import libvirt
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

from ..lab.libvirtd import Libvirtd, domain_xml
from .measure import Sample, compare, run_call, run_command, table

GUESTS = 10_000
ROUNDS = 9
PLAY_ROUNDS = 2
# What was promised: collecting takes at most so many times a module that starts and makes the bare call.
LIMIT = 1.5
MODULE = "ansible_collections.virtmap.core.plugins.modules.libvirt_hypervisor_guest_facts"
# ansible-core 2.19 wants to be told how the arguments were written; earlier ones do not look.
RUN_MODULE = f"""
import runpy
from ansible.module_utils import basic
basic._ANSIBLE_PROFILE = 'legacy'
runpy.run_module({MODULE!r}, run_name='__main__')
"""
EMPTY_MODULE = """
from ansible.module_utils import basic
basic._ANSIBLE_PROFILE = 'legacy'
module = basic.AnsibleModule({})
module.exit_json(changed=False)
"""
BARE_MODULE = EMPTY_MODULE.replace(
    "module.exit_json",
    """
import libvirt
connection = libvirt.openReadOnly(%r)
answer = connection.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE, 0)
guests = [(domain.UUIDString(), domain.name(), stats["state.state"]) for domain, stats in answer]
module.exit_json""",
)
OUR_TASK = "virtmap.core.libvirt_hypervisor_guest_facts: {{uri: '{uri}', hypervisor_id: hostname}}"
PLAY = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n    - {task}\n"
OUR_SOURCE = """plugin: virtmap.core.hypervisor_guests
sources:
  - backend: libvirt
    uri: '{uri}'
    hypervisor_id: hostname
"""
PEER_SOURCE = "plugin: community.libvirt.libvirt\nuri: '{uri}'\n"


def main() -> bool:
    """Measure all sides; return whether the module keeps its bound."""
    with Libvirtd() as daemon, tempfile.TemporaryDirectory() as folder:
        uri = daemon.uri(driver="test")
        keeper = libvirt.open(uri)
        for number in range(GUESTS):
            keeper.createXML(domain_xml(f"guest-{number:05}", kind="test", memory_mib=8), 0)
        calls = compare(call_sides(uri), ROUNDS)
        modules = compare(module_sides(uri, Path(folder)), ROUNDS)
        plays = compare(play_sides(uri, Path(folder)), PLAY_ROUNDS)
        inventories = compare(inventory_sides(uri, Path(folder)), PLAY_ROUNDS)
        keeper.close()
    print(f"{GUESTS} guests over a unix socket, medians of {ROUNDS} rounds in turn ({PLAY_ROUNDS} for plays)")
    print(table(calls, "bare batch call"))
    print(table(modules, "module with the bare call"))
    print(table(plays, "play with ping"))
    print(table(inventories, "our inventory"))
    if len(inventories) == 1:
        print("  community.libvirt's inventory: not installed")
    ratio = modules["our module"].seconds / modules["module with the bare call"].seconds
    parts = calls["bare batch call"].seconds + modules["empty module"].seconds
    print(f"  our module takes x{modules['our module'].seconds / parts:.2f} of the bare call here and an empty module")
    print(f"  our module takes x{ratio:.2f} of a module that starts and makes the bare batch call (limit x{LIMIT})")
    return bool(ratio <= LIMIT)


def call_sides(uri: str) -> dict[str, t.Callable[[], Sample]]:
    """What is measured in this process."""

    def bare() -> None:
        connection = libvirt.openReadOnly(uri)
        connection.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE, 0)
        connection.close()

    def gather() -> None:
        collect({"uri": uri, "timeout": 60}, Selection(hypervisor_id="hostname"), lambda _text: None)

    return {"bare batch call": lambda: run_call(bare), "collect()": lambda: run_call(gather)}


def module_sides(uri: str, folder: Path) -> dict[str, t.Callable[[], Sample]]:
    """Modules as processes of their own, with their arguments in a file."""
    codes = {
        "empty module": (EMPTY_MODULE, {}),
        "module with the bare call": (BARE_MODULE % uri, {}),
        "our module": (RUN_MODULE, {"uri": uri, "hypervisor_id": "hostname"}),
    }

    def side(name: str, code: str, options: dict[str, str]) -> t.Callable[[], Sample]:
        arguments = folder / f"{name}.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
        command = [sys.executable, "-c", code, str(arguments)]
        return lambda: run_call(lambda: subprocess.run(command, check=True, capture_output=True))

    return {name: side(name, code, options) for name, (code, options) in codes.items()}


def play_sides(uri: str, folder: Path) -> dict[str, t.Callable[[], Sample]]:
    """Plays of one task."""
    tasks = {"play with ping": "ansible.builtin.ping:", "play with our module": OUR_TASK.format(uri=uri)}
    return {
        name: ansible(folder, "playbook", f"{name}.yml", PLAY.format(task=task), "-i", "localhost,")
        for name, task in tasks.items()
    }


def inventory_sides(uri: str, folder: Path) -> dict[str, t.Callable[[], Sample]]:
    """Inventory sources, listed."""
    measured = {"our inventory": ("hypervisor_guests.yml", OUR_SOURCE)}
    peers = importlib.util.find_spec("ansible_collections.community")
    if peers is not None and importlib.util.find_spec("ansible_collections.community.libvirt") is not None:
        measured["community.libvirt's inventory"] = ("libvirt.yml", PEER_SOURCE)
    return {
        name: ansible(folder, "inventory", file, text.format(uri=uri), "--list", "-i")
        for name, (file, text) in measured.items()
    }


def ansible(folder: Path, command: str, file: str, text: str, *words: str) -> t.Callable[[], Sample]:
    """Write a file, and prepare the run of an ansible command with it as the last word."""
    path = folder / file
    path.write_text(text, encoding="utf-8")
    environment = {
        "ANSIBLE_INVENTORY_ENABLED": "host_list,virtmap.core.hypervisor_guests,community.libvirt.libvirt",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
    return lambda: run_command([sys.executable, "-m", "ansible", command, *words, str(path)], environment, folder)
