# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Stores: what stays as it is, what is refused, and what a hostile guest cannot do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._scan.files import locked, replace_all
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import Disk
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._scan.stores import (
    FORMATS,
    Stored,
    guest,
    make,
    read,
    run,
)

INVENTORY = """# The guests of our lab
---
all:
  vars:
    dns: [192.0.2.1,
          192.0.2.2]   # two
  children:

    web:  # the web servers
      hosts:
        # the first one
        kvm1:
          ansible_host: 192.0.2.11  # by hand
          vmmemory: "512"
          vmhost: 'hyp01'
          token: !vault |
            $ANSIBLE_VAULT;1.1;AES256
            39303132
        other: {x: 1, y: "2"}
    empty:
# the end
"""


def test_an_inventory_keeps_all_that_it_does_not_have_to_change(tmp_path: Path) -> None:
    path = tmp_path / "guests.yml"
    path.write_text(INVENTORY, encoding="utf-8")
    result = run("inventory_yaml", path, "write", [guest("kvm1", "hyp01"), guest("kvm2", "hyp01")], diff=True)
    text = path.read_text(encoding="utf-8")
    kept = [line for line in INVENTORY.splitlines() if line.strip() and "512" not in line and "192.0.2.1," not in line]
    lines = text.splitlines()
    assert [line for line in kept if line not in lines and "192.0.2.2" not in line] == []
    assert [lines.index(line) for line in kept if line in lines] == sorted(
        lines.index(line) for line in kept if line in lines
    )
    assert "vmmemory: 2048" in text
    assert text.index("kvm2:") > text.index("vm:\n") > text.index("empty:")
    (entry,) = result["diff"]
    assert (entry["before"], entry["after"]) == (INVENTORY, text)
    again = run("inventory_yaml", path, "write", [guest("kvm1", "hyp01"), guest("kvm2", "hyp01")], diff=True)
    assert (again["changed"], again["diff"]) == (False, [])
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "name, reason",
    [("all", "a meaning of its own"), ("localhost", "a meaning of its own"), ("web", "a group"), ("vm", "a group")],
)
def test_names_that_an_inventory_uses_otherwise(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / "guests.yml"
    path.write_text("web:\n  hosts:\nvm:\n", encoding="utf-8")
    result = run("inventory_yaml", path, "write", [guest(name, "hyp01")])
    assert not result["changed"]
    assert reason in result["conflicts"][0]["reason"]


def test_the_group_of_the_guests_is_a_group_in_a_new_inventory_too(tmp_path: Path) -> None:
    result = run("inventory_yaml", tmp_path / "guests.yml", "write", [guest("vm", "hyp01"), guest("web1", "hyp01")])
    assert [entry["name"] for entry in result["conflicts"]] == ["vm"]
    assert [entry["name"] for entry in result["written"]] == ["web1"]


@pytest.mark.skipif(
    shutil.which("ansible-inventory", path=os.path.dirname(sys.executable)) is None, reason="no ansible"
)
def test_what_guests_call_themselves_stays_text_for_ansible(tmp_path: Path) -> None:
    path = tmp_path / "guests.yml"
    evil = "{{ lookup('pipe', 'touch " + str(tmp_path / "was-here") + "') }}"
    disks = (Disk("disk", "file", f"/v/{evil}.img"),)
    names = ["on", "null", "12", "0x1F", "1e3", "web-1", "192.0.2.7"]
    assert run("inventory_yaml", path, "write", [guest(name, "hyp01", disks=disks) for name in names])["changed"]
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible"),
            "all",
            "-i",
            str(path),
            "-o",
            "-m",
            "debug",
            "-a",
            "var=vmstorage",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "ANSIBLE_LOCALHOST_WARNING": "0"},
    )
    lines = [line for line in done.stdout.splitlines() if " => " in line]
    assert sorted(line.partition(" ")[0] for line in lines) == sorted(names), done.stdout + done.stderr
    for line in lines:
        assert json.loads(line.partition("=> ")[2])["vmstorage"] == f"/v/{evil}.img"
    assert not (tmp_path / "was-here").exists()
    assert not run("inventory_yaml", path, "write", [guest(name, "hyp01", disks=disks) for name in names])["changed"]


STANZAS = """# <xCAT data object stanza file>

default-node:
    objtype=node
    mgt=kvm

# the first one
kvm1:
\tvmhost=hyp01
\tvmmemory = "512"
    vmnicnicmodel=virtio
    usercomment=a=b "c"

net1:
    objtype=network
    mask=255.255.255.0
kvm1:
    vmstorage=/old
"""


def test_a_stanza_file_keeps_all_that_it_does_not_have_to_change(tmp_path: Path) -> None:
    path = tmp_path / "nodes.stanza"
    path.write_text(STANZAS, encoding="utf-8")
    odd = guest("kvm2", "hyp01", disks=(Disk("disk", "file", "/v/x:"),))
    run("xcat_stanza", path, "write", [guest("kvm1", "hyp01"), odd, guest("net1", "hyp01")])
    text = path.read_text(encoding="utf-8")
    expected = STANZAS.replace('\tvmmemory = "512"', "\tvmmemory=2048").replace("/old\n", "/v/kvm1.qcow2\n")
    added = "    vmcpus=2\n    vmnics=br0\n    mac=52:54:00:00:00:01\n    arch=x86_64\n"
    assert text.startswith(expected + added)
    assert '    vmstorage="/v/x:"\n' in text
    assert text.count("net1:") == 1
    again = run("xcat_stanza", path, "write", [guest("kvm1", "hyp01"), odd])
    assert len(again["unchanged"]) == 2


def test_a_new_stanza_is_as_xcat_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "nodes.stanza"
    run("xcat_stanza", path, "write", [guest("kvm1", "hyp01", nics=())])
    assert path.read_text(encoding="utf-8") == (
        "# <xCAT data object stanza file>\n\nkvm1:\n    objtype=node\n    arch=x86_64\n    groups=vm,all\n    mgt=kvm\n"
        "    serialport=0\n    serialspeed=115200\n    vmcpus=2\n    vmhost=hyp01\n    vmmemory=2048\n"
        "    vmothersetting=nodefromrscan\n    vmstorage=/v/kvm1.qcow2\n"
    )


def test_tables_keep_all_that_they_do_not_have_to_change(tmp_path: Path) -> None:
    vm = '#node,host,comments\nkvm9,"hyp01",plain\n"kvm1","hyp01","two\nlines, ""quoted"""\n"kvm8",,""\n'
    (tmp_path / "vm.csv").write_text(vm, encoding="utf-8")
    odd = 'a "b", c'
    run("xcat_csv", tmp_path, "write", [guest("kvm1", "hyp01", disks=(Disk("disk", "file", odd),))])
    text = (tmp_path / "vm.csv").read_text(encoding="utf-8")
    assert text == (
        "#node,host,comments,cpus,memory,nics,nicmodel,storage\n"
        'kvm9,"hyp01",plain\n'
        '"kvm1","hyp01","two\nlines, ""quoted""","2","2048","br0","virtio","a ""b"", c"\n'
        '"kvm8",,""\n'
    )
    assert (tmp_path / "vpd.csv").read_text(encoding="utf-8") == (
        '#node,serial,mtm,side,asset,uuid,comments,disable\n"kvm1",,,,,"11111121-2222-3333-4444-555555555555",,\n'
    )
    assert sorted(read("xcat_csv", tmp_path)) == ["kvm1", "kvm8", "kvm9"]


BROKEN = [
    ("inventory_yaml", "---\nall:\n  hosts:\n    a: [\n", "line 5"),
    ("inventory_yaml", "# c\n---\nall:\n  hosts:\n  - a\n", "line 5: hosts of the group all is no dictionary"),
    ("inventory_yaml", "- a\n", "line 1: it is no dictionary of groups"),
    ("inventory_yaml", "a:\n  hosts:\n    x:\n    x:\n", "line 4"),
    ("inventory_yaml", "---\na:\n---\nb:\n", "line 3"),
    ("xcat_stanza", "# c\nkvm1:\n    nonsense\n", "line 3: it is neither"),
    ("xcat_stanza", "vmhost=x\n", "line 1: it is neither"),
    ("xcat_stanza", "kvm1:\n    vmstorage=/x:\n    mac=y\n", "line 2: a value that ends in a colon"),
    ("xcat_csv", "node,host\n", "line 1: the first line must begin with #"),
    ("xcat_csv", '#node,host\n"a","b","c"\n', "line 2: it has 3 values for 2 columns"),
    ("xcat_csv", '#node,host\n"a","b"\n"c","d\n\n', "line 3: a quote is not closed"),
    ("xcat_csv", '#node,host\n"a\nb","b"\n"c"d,\n', "line 4: there is text behind a closing quote"),
    ("xcat_csv", '#node,host\n"a","b"\n"a","c"\n', "line 3: the node 'a' has another row above"),
    ("xcat_csv", '#node,host\n,"b"\n', "line 2: it names no node"),
]


@pytest.mark.parametrize("fmt, text, says", BROKEN)
def test_a_broken_store_is_left_as_it_is(tmp_path: Path, fmt: str, text: str, says: str) -> None:
    path = tmp_path / "vm.csv" if fmt == "xcat_csv" else tmp_path / "store"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        run(fmt, tmp_path if fmt == "xcat_csv" else path, "write", [guest("kvm1", "hyp01")])
    assert says in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.message.endswith("it was left as it is")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("fmt", FORMATS[:2])
def test_a_store_that_is_no_text(tmp_path: Path, fmt: str) -> None:
    path = tmp_path / "store"
    path.write_bytes(b"a:\nb\xff\n")
    with pytest.raises(InvalidInput, match="is no UTF-8 in line 2"):
        run(fmt, path, "write", [guest("kvm1", "hyp01")])


@pytest.mark.parametrize("fmt", FORMATS[:2])
def test_values_with_line_breaks_do_not_get_into_a_file_of_lines(tmp_path: Path, fmt: str) -> None:
    bad = guest("kvm1", "hyp01", disks=(Disk("disk", "file", "/x\n    mgt=ipmi"),))
    result = run(fmt, tmp_path / "store", "write", [bad, guest("kvm2", "hyp01")])
    assert [entry["name"] for entry in result["written"]] == ["kvm2"]
    assert "its vmstorage holds control characters" in result["conflicts"][0]["reason"]
    assert sorted(read(fmt, tmp_path / "store")) == ["kvm2"]


def test_rules_that_only_xcat_can_read(tmp_path: Path) -> None:
    (tmp_path / "vm.csv").write_text('#node,host\n"kvm1","|kvm(.+)|hyp($1)|"\n', encoding="utf-8")
    result = run("xcat_csv", tmp_path, "write", [guest("kvm1", "hyp01")])
    assert "a rule that only xCAT can read" in result["conflicts"][0]["reason"]
    (tmp_path / "inventory.yml").write_text("vm:\n  hosts:\n    kvm1:\n      vmhost: '{{ x }}'\n", encoding="utf-8")
    result = run("inventory_yaml", tmp_path / "inventory.yml", "write", [guest("kvm1", "hyp01")])
    assert "a template" in result["conflicts"][0]["reason"]


def test_groups_and_hypervisors_of_xcat_are_no_names_for_guests(tmp_path: Path) -> None:
    (tmp_path / "nodelist.csv").write_text('#node,groups\n"x","web,all"\n', encoding="utf-8")
    (tmp_path / "hypervisor.csv").write_text('#node,type\n"hyp07","kvm"\n', encoding="utf-8")
    result = run("xcat_csv", tmp_path, "write", [guest("web", "hyp01"), guest("hyp07", "hyp01")])
    assert [c["reason"] for c in result["conflicts"]] == [
        "a group in the store has this name",
        "a hypervisor in the store has this name",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "web:\n  vars:\n    x:\n      - 1\n      - 2\n  hosts:\n    a:\n",
        "web:\n  vars:\n    x:\n    - 1\n    - {y: 2}\n",
        "web:\n    vars:\n        x:\n        -   1\n    hosts:\n        a:\n            b: 1\n",
        "web:\n  vars:\n    long: " + "word " * 100 + "end\n    folded: >\n      a\n      b\n",
    ],
)
def test_indentation_and_long_lines_stay(tmp_path: Path, text: str) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text(text, encoding="utf-8")
    run("inventory_yaml", path, "write", [guest("kvm1", "hyp01")])
    assert path.read_text(encoding="utf-8").startswith(text + "vm:\n")


# -- files


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_backup_holds_what_was_there(tmp_path: Path, fmt: str) -> None:
    path = tmp_path / "store"
    assert "backup_files" not in run(fmt, path, "write", [guest("kvm1", "hyp01")], backup=True)
    file = path / "vm.csv" if fmt == "xcat_csv" else path
    before = file.read_bytes()
    file.chmod(0o640)
    result = run(fmt, path, "write", [guest("kvm1", "hyp01", memory=4096)], backup=True)
    (kept,) = result["backup_files"]
    assert Path(kept).read_bytes() == before
    assert kept.endswith("~")
    assert file.read_bytes() != before
    assert file.stat().st_mode & 0o777 == 0o640
    assert "backup_files" not in run(fmt, path, "write", [guest("kvm1", "hyp01", memory=4096)], backup=True)


def test_nothing_is_replaced_when_one_file_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("xcat_csv", tmp_path / "store", [Stored("kvm1", "hyp01", memory="512")])
    before = {path.name: path.read_bytes() for path in (tmp_path / "store").iterdir()}
    real, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InvalidInput, match="No space left on device"):
        run("xcat_csv", tmp_path / "store", "write", [guest("kvm2", "hyp01")])
    assert {path.name: path.read_bytes() for path in (tmp_path / "store").iterdir()} == before


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("a", encoding="utf-8")
    (tmp_path / "link").symlink_to("real")
    replace_all({tmp_path / "link": "b"}, backup=False)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text(encoding="utf-8") == "b"


_HOLDER = """
import sys
from pathlib import Path
from ansible_collections.virtmap.core.plugins.module_utils._scan.files import locked
with locked(Path(sys.argv[1]), 5):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("fmt", FORMATS)
def test_two_tasks_do_not_write_one_store_at_once(tmp_path: Path, fmt: str) -> None:
    path = tmp_path / "store"
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CannotConnect, match=f"another task has been changing the store {path}"):
            run(fmt, path, "write", [guest("kvm1", "hyp01")], timeout=1)
        assert not path.exists()
        assert run(fmt, path, "write", [guest("kvm1", "hyp01")], check_mode=True)["changed"]
        with locked(tmp_path / "another", 1):
            holder.stdin.close()
    assert run(fmt, path, "write", [guest("kvm1", "hyp01")], timeout=20)["changed"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be written to"):
        run("inventory_yaml", tmp_path / "no" / "store", "write", [guest("kvm1", "hyp01")])
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InvalidInput, match="must be a folder"):
        run("xcat_csv", tmp_path / "file", "write", [guest("kvm1", "hyp01")])


def test_a_store_of_ten_thousand_guests(tmp_path: Path) -> None:
    many = [guest(f"kvm{number}", f"hyp{number % 100}") for number in range(10000)]
    for fmt in ("xcat_stanza", "xcat_csv"):
        assert len(run(fmt, tmp_path / fmt, "write", many)["written"]) == 10000
        result = run(fmt, tmp_path / fmt, "write", many)
        assert len(result["unchanged"]) == 10000


def kinds(result: dict[str, t.Any]) -> list[str]:
    return [key for key in ("written", "updated", "unchanged", "conflicts") if result[key]]


@pytest.mark.parametrize("fmt", FORMATS)
def test_what_a_mapping_does_not_tell_is_kept(tmp_path: Path, fmt: str) -> None:
    path = tmp_path / "store"
    run(fmt, path, "write", [guest("kvm1", "hyp01")])
    before = read(fmt, path)
    bare = guest("kvm1", "hyp01", cpu=None, memory=None, nics=None, disks=None, arch=None, uuid=None)
    assert kinds(run(fmt, path, "write", [bare])) == ["unchanged"]
    assert read(fmt, path) == before
