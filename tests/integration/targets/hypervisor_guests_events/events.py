# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Runs the rulebooks with a real ansible-rulebook, libvirtd and vCenter simulator, and looks at what arrives."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import typing as t
from pathlib import Path

import libvirt
from ansible_collections.virtmap.core.tests.lab.libvirtd import Libvirtd, domain_xml, guest_uuid
from ansible_collections.virtmap.core.tests.lab.rulebook import Rulebook, reporting
from ansible_collections.virtmap.core.tests.lab.vcsim import Simulator

PAUSED, SHUT_OFF = 3, 5


def guest(name: str) -> str:
    """Define a guest of the test driver."""
    return domain_xml(name, kind="test", memory_mib=8)


def esx(simulator: Simulator) -> dict[str, t.Any]:
    """Name the simulator as a source."""
    return {"backend": "esx", "server": simulator.url, "username": "reader", "password": "s3cret-word"}


def test_what_changes_is_reported(folder: Path) -> None:
    """Acts on guests of both kinds, kills the daemon in the middle, and finds all of it at the receiver."""
    with Libvirtd() as daemon, Simulator("-vms", "1", "-hosts", "2") as simulator:
        kvm = {"backend": "libvirt", "uri": daemon.uri(), "hypervisor_id": "hostname"}
        connection = libvirt.open(daemon.uri())
        host = connection.getHostname()
        with reporting(folder, [kvm, esx(simulator)], virtmap_limit=1) as (rulebook, reports):
            start = reports.last()
            assert start[host] == {}, start
            number = len(reports.all())
            ids = {name: guest_uuid(name) for name in ("web1", "db1")}
            first = connection.defineXML(domain_xml("web1"))
            first.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
            rulebook.wait_until("the guest is reported", lambda: reports.last()[host] == {ids["web1"]: PAUSED})
            first.destroy()
            rulebook.wait_until("its end is reported", lambda: reports.last()[host] == {ids["web1"]: SHUT_OFF})
            assert all(list(report) == [host] for report in reports.all()[number:]), "only that host was to be sent"

            daemon.kill()
            daemon.start()
            connection = libvirt.open(daemon.uri())
            connection.lookupByName("web1").undefine()
            connection.defineXML(domain_xml("db1"))
            rulebook.wait_until(
                "what happened in the gap is reported", lambda: list(reports.last()[host]) == [ids["db1"]]
            )

            move_and_remove(simulator, rulebook, reports)
            text = rulebook.text()
            assert rulebook.end() in (0, 130), text
        connection.close()
    assert "s3cret-word" not in text, "the password was printed"


def move_and_remove(simulator: Simulator, rulebook: Rulebook, reports: t.Any) -> None:
    """Migrate, switch off and destroy a machine of the simulator."""
    number = len(reports.all())
    machine = "DC0_C0_RP0_VM0"
    before = reports.last()
    # It begins on the other one.
    simulator.act("move", vm=machine, host="DC0_C0_H0")
    rulebook.wait_until("the move is reported", lambda: reports.last() != before)
    moved = reports.all()[number:]
    assert all(len(report) == 2 for report in moved), "both hosts were to be sent, and no other"
    simulator.act("power", vm=machine, state="poweredOff")
    before = reports.last()
    rulebook.wait_until("switching off is reported", lambda: reports.last() != before)
    before = reports.last()
    simulator.act("remove", vm=machine)
    rulebook.wait_until("the end is reported", lambda: reports.last() != before)
    assert sum(map(len, reports.last().values())) == sum(map(len, before.values())) - 1


def test_people_are_told(folder: Path) -> None:
    """The three other rulebooks by their names, side by side."""
    path = folder / "mapping.json"
    evil = f"{{{{ lookup('pipe', 'touch {folder}/pwned') }}}}"

    def write(**hosts: list[str]) -> None:
        entries = [
            {"id": host, "guests": [{"uuid": uuid, "name": evil, "state": "running"} for uuid in guests]}
            for host, guests in hosts.items()
        ]
        told = {"backend": "esx", "source": "vc", "collected_at": "2026-11-21T08:00:00Z", "hypervisors": entries}
        draft = folder / "draft"
        draft.write_text(json.dumps(told))
        draft.replace(path)

    write(a=["x"], b=[])
    source = {"backend": "file", "path": str(path)}
    more = {"virtmap_interval": 1, "virtmap_silent_after": 1, "virtmap_conflict_after": 1}
    with contextlib.ExitStack() as stack:
        told = {}
        for name in ("guest_moved", "conflict", "hypervisor_silent"):
            place = folder / name
            place.mkdir()
            told[name] = stack.enter_context(
                Rulebook(f"virtmap.core.{name}", place, {"virtmap_sources": [source], **more}, arguments=["-v"])
            )
        for rulebook in told.values():
            rulebook.wait_for("followed from here on")
        write(a=[], b=["x"])
        told["guest_moved"].wait_for("moved from a to b")
        write(a=["x"], b=["x"])
        told["conflict"].wait_for("is seen on 2 hypervisors")
        path.unlink()
        told["hypervisor_silent"].wait_for("nothing was heard of")
        write(a=["x"], b=["x"])
        told["hypervisor_silent"].wait_for("answers again")
    assert not (folder / "pwned").exists(), "the name of a guest was evaluated"


def test_a_wrong_option_is_one_sentence(folder: Path) -> None:
    """Nothing is followed, and the user reads why."""
    with Rulebook("virtmap.core.guest_moved", folder, {"virtmap_sources": [{"backend": "vmware"}]}) as rulebook:
        rulebook.wait_for("sources[0].backend must be one of libvirt, esx")
        assert rulebook.ended() != 0


def main() -> None:
    """Run all tests."""
    for test in (test_what_changes_is_reported, test_people_are_told, test_a_wrong_option_is_one_sentence):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            print(f"--- {test.__name__}", flush=True)
            test(Path(folder))


if __name__ == "__main__":
    main()
