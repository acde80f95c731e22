# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The whole path, from facts to check-in: against a play whose two tasks do nothing.

As two tasks in one play, and as the playbook report with its roles. To reach by the two tasks: 1,000 hypervisors with 40
guests each add less than 8 s and 400 MiB to the empty play, and grow linearly from a tenth of them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import typing as t
from pathlib import Path

from ..servers._tls import CertificateAuthority
from ..servers.candlepin import CandlepinServer
from .fleet import fleet
from .measure import MEBIBYTE, Sample, compare, run_command, table

GUESTS = 40
FLEETS = (100, 1000)
ROUNDS = 3


def plays(folder: Path, candlepin: CandlepinServer) -> None:
    """Write the play that does nothing, and one for each fleet."""
    connection = {"server": candlepin.host, "port": candlepin.port, "prefix": candlepin.prefix, "owner": "acme",
                  "username": "rita", "password": "secret", "ca_path": str(folder / "ca" / "ca.pem")}  # fmt: skip
    empty: list[dict[str, t.Any]] = [{"name": "Do nothing", "ansible.builtin.ping": {}}] * 2
    write_play(folder / "empty.yml", empty)
    for hypervisors in FLEETS:
        source = folder / f"fleet{hypervisors}.json"
        source.write_text(json.dumps(fleet(hypervisors, GUESTS)), encoding="utf-8")
        gather = {"name": "Gather", "virtmap.core.file_hypervisor_guest_facts": {"path": str(source)}}
        mappings = ["{{ ansible_facts['hypervisor_guests'] | to_json }}"]
        report = {"name": "Report", "virtmap.core.rhsm_hypervisor_checkin": {**connection, "mappings": mappings}}
        write_play(folder / f"play{hypervisors}.yml", [gather, report])
        variables = {f"report_rhsm_{name}": value for name, value in connection.items()}
        variables.update(gather_backend="file", gather_path=str(source), ansible_connection="local")
        variables.update(ansible_python_interpreter=sys.executable)
        inventory = {"all": {"hosts": {"fleet": None}, "vars": variables}}
        (folder / f"inventory{hypervisors}.yml").write_text(json.dumps(inventory), encoding="utf-8")


def write_play(path: Path, tasks: list[dict[str, t.Any]]) -> None:
    """Write a play on the control node as JSON, which is YAML as well."""
    play = {"name": "Measured", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    path.write_text(json.dumps([play]), encoding="utf-8")


def main() -> None:
    """Measure and print."""
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = CertificateAuthority(folder / "ca")
        with CandlepinServer(
            "plain", tls=authority, owners=["acme"], users={"rita": "secret"}, keep_bodies=False
        ) as candlepin:
            plays(folder, candlepin)

            def side(*arguments: str) -> t.Callable[[], Sample]:
                return lambda: run_command([program, *arguments], {"ANSIBLE_LOCALHOST_WARNING": "0"})

            sides = {"a play that does nothing": side(str(folder / "empty.yml"))}
            for size in FLEETS:
                inventory = str(folder / f"inventory{size}.yml")
                sides[f"{size} x {GUESTS} guests"] = side(str(folder / f"play{size}.yml"))
                sides[f"{size} x {GUESTS}, playbook report"] = side("-i", inventory, "virtmap.core.report")
            results = compare(sides, ROUNDS)
    base = results["a play that does nothing"]
    small, large = (results[f"{size} x {GUESTS} guests"] for size in FLEETS)
    added, memory = large.seconds - base.seconds, (large.together - base.together) / MEBIBYTE
    print(table(results, "a play that does nothing"))
    print(f"  {FLEETS[1] * GUESTS:,} guests add {added:.2f} s and {memory:.0f} MiB to the empty play")
    growth = added / max(small.seconds - base.seconds, 0.001)
    print(f"  ten times the guests add x{growth:.1f} of the time that a tenth adds (x10 is linear)")


if __name__ == "__main__":
    main()
