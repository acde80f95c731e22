# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The store that is xCAT itself, with commands that behave as xCAT's do and keep their nodes in a stanza file."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._scan.client import Machine, write_store
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest
from ansible_collections.virtmap.core.plugins.module_utils._scan.sources import Scan
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._scan.stores import NO_MACHINE, guest

# What is written here of xCAT: mkdef refuses nodes that are there and names with other characters, chdef merges, lsdef
# -z prints a head line, attributes by the alphabet, and a sentence of its own when there is nothing; chtab goes its own way.
COMMAND = """#!{python}
import re, sys
from pathlib import Path
here = Path({folder!r})
name, arguments, text = Path(sys.argv[0]).name, sys.argv[1:], ""
with (here / "log").open("a") as log:
    log.write(" ".join([name, *arguments]) + "\\n")
if (here / ("fail-" + name)).exists():
    print("Error: the daemon is down", file=sys.stderr)
    sys.exit(1)

def parse(text):
    nodes = {{}}
    for line in text.splitlines():
        if line.rstrip().endswith(":") and not line.startswith("#"):
            node = nodes.setdefault(line.strip()[:-1], {{}})
        elif "=" in line and not line.startswith("#"):
            word, _, value = line.strip().partition("=")
            node[word] = value.strip('"')
    return nodes

file = here / "nodes"
nodes = parse(file.read_text()) if file.exists() else {{}}
def show():
    out = "# <xCAT data object stanza file>\\n"
    for name, values in nodes.items():
        out += "\\n" + name + ":\\n    objtype=node\\n"
        out += "".join(f"    {{k}}={{v}}\\n" for k, v in sorted(values.items()) if k != "objtype" and v)
    return out

if name == "lsdef":
    assert arguments == ["-t", "node", "-l", "-z"], arguments
    print(show() if nodes else "Could not find any object definitions to display.")
elif name == "chtab":
    with (here / "uuids").open("a") as stream:
        stream.write(" ".join(arguments) + "\\n")
else:
    assert arguments == ["-z"], arguments
    for node, values in parse(sys.stdin.read()).items():
        if values.get("objtype") != "node" or not re.fullmatch("[A-Za-z0-9_-]+", node):
            sys.exit(1)
        if name == "mkdef" and (node in nodes or not values.get("groups")):
            print("Error: 0 object definitions have been created or modified.")
            sys.exit(1)
        nodes.setdefault(node, {{}}).update(values)
    file.write_text(show())
"""


class Xcat:
    """A folder of commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("lsdef", "mkdef", "chdef", "chtab"):
            path = folder / name
            path.write_text(COMMAND.format(python=sys.executable, folder=str(folder)), encoding="utf-8")
            path.chmod(0o755)

    def run(self, command: list[str], text: str) -> tuple[int, str, str]:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def find(self, name: str) -> str | None:
        path = self.folder / name
        return str(path) if path.exists() else None

    def write(self, mode: str, guests: list[ScannedGuest], **how: t.Any) -> dict[str, t.Any]:
        options = {"mode": mode, "store": None, "store_format": "xcat", "backup": False, "timeout": 5}
        machine = Machine(self.run, self.find)
        found = Scan(guests, sorted({each.hypervisor for each in guests}))
        (self.folder / "log").write_text("", encoding="utf-8")
        return write_store(options, machine, found, **{"check_mode": False, "diff": False, **how})

    @property
    def log(self) -> list[str]:
        return (self.folder / "log").read_text(encoding="utf-8").splitlines()


@pytest.fixture(name="xcat")
def xcat_fixture(tmp_path: Path) -> Xcat:
    return Xcat(tmp_path)


def test_new_known_and_unchanged_guests(xcat: Xcat) -> None:
    result = xcat.write("write", [guest("kvm1", "hyp01"), guest("kvm2", "hyp01")])
    assert [entry["name"] for entry in result["written"]] == ["kvm1", "kvm2"]
    assert [line.split()[0] for line in xcat.log] == ["lsdef", "mkdef", "chtab", "chtab"]
    assert "node=kvm1 vpd.uuid=11111121-2222-3333-4444-555555555555" in (xcat.folder / "uuids").read_text()
    assert "    vmothersetting=nodefromrscan\n" in (xcat.folder / "nodes").read_text()
    result = xcat.write("write", [guest("kvm1", "hyp01", memory=4096), guest("kvm2", "hyp01"), guest("kvm1", "hyp02")])
    assert [entry["name"] for entry in result["updated"]] == ["kvm1"]
    assert [entry["name"] for entry in result["unchanged"]] == ["kvm2"]
    assert result["conflicts"][0]["existing"] == "hyp01"
    assert [line.split()[0] for line in xcat.log] == ["lsdef", "chdef", "chtab"]
    text = (xcat.folder / "nodes").read_text()
    assert text.count("vmmemory=4096") == 1
    assert text.count("groups=vm,all") == 2


def test_a_node_that_is_no_guest_yet_is_merged(xcat: Xcat) -> None:
    (xcat.folder / "nodes").write_text("kvm1:\n    groups=web,all\n    power=ipmi\n", encoding="utf-8")
    assert xcat.write("write", [guest("kvm1", "hyp01")])["written"]
    text = (xcat.folder / "nodes").read_text()
    assert "groups=web,all,vm" in text
    assert "power=ipmi" in text


def test_check_mode_reads_only(xcat: Xcat) -> None:
    result = xcat.write("write", [guest("kvm1", "hyp01")], check_mode=True, diff=True)
    assert result["changed"] is True
    assert xcat.log == ["lsdef -t node -l -z"]
    assert "kvm1:\n    objtype=node\n" in result["diff"][0]["after"]


@pytest.mark.parametrize("command", ["lsdef", "mkdef", "chtab"])
def test_a_command_that_fails(xcat: Xcat, command: str) -> None:
    (xcat.folder / f"fail-{command}").touch()
    with pytest.raises(
        BadAnswer, match=f"xCAT's {command} failed with exit code 1 and said: Error: the daemon is down"
    ):
        xcat.write("write", [guest("kvm1", "hyp01")])


def test_without_xcat(xcat: Xcat) -> None:
    (xcat.folder / "chdef").unlink()
    with pytest.raises(NotFound, match="xCAT's command chdef is not on this host"):
        xcat.write("write", [guest("kvm1", "hyp01")])
    assert NO_MACHINE.find("lsdef") is None


def test_output_that_is_no_stanza(xcat: Xcat) -> None:
    (xcat.folder / "lsdef").write_text("#!/bin/sh\necho '# <xCAT data object stanza file>'; echo what\n")
    with pytest.raises(BadAnswer, match="lsdef printed line 2, which is no stanza"):
        xcat.write("write", [guest("kvm1", "hyp01")])
