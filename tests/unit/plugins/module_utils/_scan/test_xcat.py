# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The store that is xCAT itself, with commands that behave as xCAT's do and keep their nodes in a stanza file."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._scan.client import Machine, write_store
from ansible_collections.virtmap.core.plugins.module_utils._scan.command import run_command
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
    refused, made = ((here / "refused").read_text().split() if (here / "refused").exists() else []), 0
    (here / f"sent-{{name}}").write_text(given := sys.stdin.read())
    for node, values in parse(given).items():
        if values.get("objtype") != "node" or not re.fullmatch("[A-Za-z0-9_-]+", node):
            sys.exit(1)
        if name == "mkdef" and (node in nodes or not values.get("groups")):
            print("Error: 0 object definitions have been created or modified.")
            sys.exit(1)
        if node in refused:
            print("Warning: A definition for '" + node + "' already exists. No changes will be made.")
            continue
        nodes.setdefault(node, {{}}).update(values)
        made += 1
    file.write_text(show())
    print(made, "object definitions have been created or modified.")
"""


class Xcat:
    """A folder of commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds = 20.0
        for name in ("lsdef", "mkdef", "chdef", "chtab"):
            path = folder / name
            path.write_text(COMMAND.format(python=sys.executable, folder=str(folder)), encoding="utf-8")
            path.chmod(0o755)

    def run(self, command: list[str], text: str) -> tuple[int, str, str]:
        return run_command(command, text, self.seconds)

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


def lsdef_prints(xcat: Xcat, text: str) -> None:
    (xcat.folder / "lsdef").write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n", encoding="utf-8")


@pytest.mark.parametrize(
    "printed, says",
    [
        ("# <xCAT data object stanza file>\nwhat", "lsdef printed line 2, which is no stanza"),
        ("Warning: slow\n# <xCAT data object stanza file>\nwhat", "lsdef printed line 3, which is no stanza"),
        ("Unable to open socket connection", "did not say that there are none: Unable to open socket connection"),
        ("", "did not say that there are none: nothing"),
    ],
)
def test_output_that_tells_of_no_nodes_is_no_empty_store(xcat: Xcat, printed: str, says: str) -> None:
    lsdef_prints(xcat, printed)
    with pytest.raises(BadAnswer, match=says):
        xcat.write("write", [guest("kvm1", "hyp01")])
    assert xcat.log == []


def test_a_warning_in_front_of_the_nodes_hides_none(xcat: Xcat) -> None:
    lsdef_prints(xcat, "Warning: slow\n# <xCAT data object stanza file>\n\nkvm1:\n    objtype=node\n    vmhost=hyp02")
    result = xcat.write("write", [guest("kvm1", "hyp01")])
    assert (result["changed"], result["conflicts"][0]["existing"]) == (False, "hyp02")


def test_what_a_node_says_besides_is_neither_written_nor_shown(xcat: Xcat) -> None:
    (xcat.folder / "nodes").write_text(
        "kvm1:\n    bmcpassword=Tr0ub4dor\n    groups=web\n\nother:\n    bmcpassword=Tr0ub4dor\n", encoding="utf-8"
    )
    result = xcat.write("write", [guest("kvm1", "hyp01")], diff=True)
    sent = (xcat.folder / "sent-chdef").read_text(encoding="utf-8")
    assert "Tr0ub4dor" not in sent + str(result)
    assert "    groups=web,vm,all\n" in sent
    assert (
        result["diff"][0]["before"] == "# <xCAT data object stanza file>\n\nkvm1:\n    objtype=node\n    groups=web\n"
    )
    changed = xcat.write("write", [guest("kvm1", "hyp01", memory=4096)], diff=True)["diff"][0]
    assert changed["before"].splitlines()[-1] == "    vmmemory=2048"
    assert changed["after"].splitlines()[-1] == "    vmmemory=4096"
    assert "vmcpus" not in (xcat.folder / "sent-chdef").read_text(encoding="utf-8")


def test_what_a_guest_lost_is_taken_away(xcat: Xcat) -> None:
    xcat.write("write", [guest("kvm1", "hyp01")])
    bare = guest("kvm1", "hyp01", nics=())
    assert xcat.write("write", [bare])["updated"]
    assert "vmnics" not in (xcat.folder / "nodes").read_text(encoding="utf-8")
    assert xcat.write("write", [bare])["unchanged"]


def test_nodes_that_mkdef_leaves_out_are_no_success(xcat: Xcat) -> None:
    (xcat.folder / "refused").write_text("kvm2", encoding="utf-8")
    with pytest.raises(BadAnswer, match="xCAT's mkdef made 1 of 2 nodes and said: Warning: A definition") as caught:
        xcat.write("write", [guest("kvm1", "hyp01"), guest("kvm2", "hyp01")])
    assert caught.value.result["changed"] is True


def test_a_failure_says_what_was_written_before_it(xcat: Xcat) -> None:
    (xcat.folder / "fail-chtab").touch()
    with pytest.raises(BadAnswer, match="chtab failed") as caught:
        xcat.write("write", [guest("kvm1", "hyp01")])
    assert caught.value.result["changed"] is True
    assert "kvm1:" in (xcat.folder / "nodes").read_text(encoding="utf-8")


def test_a_command_that_hangs_is_stopped_with_all_that_it_started(xcat: Xcat) -> None:
    (xcat.folder / "lsdef").write_text("#!/bin/sh\nsleep 300 &\nwait\n", encoding="utf-8")
    xcat.seconds = 0.5
    with pytest.raises(CannotConnect, match="the command lsdef did not end within 0.5 seconds and was stopped"):
        xcat.write("write", [guest("kvm1", "hyp01")])
