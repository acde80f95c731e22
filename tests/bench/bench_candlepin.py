# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""One check-in of a large fleet: the module against a bare ``requests.post`` of the same body.

Both sides are processes of their own that talk to one in-memory Candlepin over TLS, and both follow the job to its end.
The module also checks, merges and sanitises the mapping and accounts for every host. What Ansible itself needs to hand
so large an option to a module is measured as a third side: a module with the same options that ends at once.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import typing as t
from pathlib import Path

from ..lab.module_starter import RUNNER
from .candlepin_process import candlepin
from .fleet import fleet
from .measure import MEBIBYTE, Sample, compare, run_command, table

SIZES = (1000, 5000, 10000)
GUESTS = 20
ROUNDS = 3
#: The bound of the issue: peak memory of the module at 5,000 hypervisors.
BOUND_SIZE, BOUND_MEMORY = 5000, 300 * MEBIBYTE

IDLE = """
from ansible.module_utils import basic
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.options import CHECKIN
basic._ANSIBLE_PROFILE = "legacy"
basic.AnsibleModule(**CHECKIN.module_arguments()).exit_json(invocation={})
"""
MODULE_NAME = "ansible_collections.virtmap.core.plugins.modules.rhsm_hypervisor_checkin"
BARE = """
import json, sys, time
import requests
given = json.load(open(sys.argv[1]))
session = requests.Session()
session.trust_env = False
session.auth, session.verify = (given["username"], given["password"]), given["ca_path"]
api = given["server"] + given["prefix"]
with open(sys.argv[2], "rb") as body:
    answer = session.post(api + "/hypervisors/acme", data=body.read(), headers={"Content-Type": "text/plain"})
job = answer.json()
while job["state"] not in ("FINISHED", "FAILED"):
    time.sleep(0.1)
    job = session.get(api + "/jobs/" + job["id"], params={"result_data": "true"}).json()
assert job["state"] == "FINISHED" and not job["resultData"]["failedUpdate"], job["state"]
"""


def body(mapping: dict[str, t.Any]) -> bytes:
    """Write what the module sends for a mapping."""
    return json.dumps(
        {
            "hypervisors": [
                {
                    "hypervisorId": {"hypervisorId": hypervisor["id"]},
                    "name": hypervisor["name"],
                    "guestIds": [
                        {
                            "guestId": guest["uuid"],
                            "state": 1,
                            "attributes": {"virtWhoType": "esx", "active": 1},
                        }
                        for guest in hypervisor["guests"]
                    ],
                    "facts": hypervisor["facts"],
                }
                for hypervisor in mapping["hypervisors"]
            ]
        }
    ).encode()


def measure(size: int, folder: Path, server: dict[str, t.Any]) -> dict[str, Sample]:
    """Measure all sides with a fleet of so many hypervisors."""
    options = {
        "server": server["url"],
        "prefix": server["prefix"],
        "ca_path": server["ca_path"],
        "username": "bench",
        "password": "bench",
        "owner": "acme",
        "proxy": "",
        "timeout": 300,
    }
    mapping = fleet(size, GUESTS)
    (folder / "body").write_bytes(body(mapping))
    (folder / "bare.json").write_text(json.dumps(options))
    arguments = {**options, "mappings": [mapping], "_ansible_check_mode": False}
    given = folder / "module.json"
    given.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    bare = [sys.executable, "-c", BARE, str(folder / "bare.json"), str(folder / "body")]
    module = [sys.executable, "-c", RUNNER, MODULE_NAME, str(given)]
    idle = [sys.executable, "-c", IDLE, str(given)]
    sides = {
        "bare requests.post": lambda: run_command(bare),
        "module": lambda: run_command(module, paths),
        "module that does nothing": lambda: run_command(idle, paths),
    }
    measured: dict[str, Sample] = compare(sides, ROUNDS)
    return measured


def main() -> bool:
    """Print times and memory at each size; False when the bound on memory is missed."""
    kept = True
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name, candlepin() as server:
            results = measure(size, Path(name), server)
            size_of_body = (Path(name) / "body").stat().st_size
            print(f"{size} hypervisors x {GUESTS} guests, {size_of_body / MEBIBYTE:.1f} MiB")
            print(table(results, "bare requests.post"))
            both = results["module that does nothing"].seconds + results["bare requests.post"].seconds
            print(f"  the module takes {results['module'].seconds / both:.2f} times the other two together")
            if size == BOUND_SIZE and results["module"].largest > BOUND_MEMORY:
                print(f"  MISSED: more than {BOUND_MEMORY / MEBIBYTE:.0f} MiB")
                kept = False
    return kept


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
