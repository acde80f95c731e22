# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Print the demo's inventory: two sources and the Candlepin that both report to."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def inventory(run: Path) -> dict[str, object]:
    """Build the inventory for the Candlepin that wrote ``candlepin.json`` into the folder ``run``."""
    candlepin = json.loads((run / "candlepin.json").read_text(encoding="utf-8"))
    receiver = {
        "report_rhsm_server": candlepin["host"],
        "report_rhsm_port": candlepin["port"],
        "report_rhsm_prefix": candlepin["prefix"],
        "report_rhsm_owner": "Demo",
        "report_rhsm_username": "demo",
        "report_rhsm_password": "demo",
        "report_rhsm_ca_path": candlepin["ca_path"],
    }
    sources = {
        # The test driver has no hardware uuid.
        "libvirt": {"gather_backend": "libvirt", "gather_uri": "test:///default", "gather_hypervisor_id": "hostname"},
        "file": {"gather_backend": "file", "gather_path": str(run / "three-hypervisors.json")},
    }
    return {"all": {"vars": receiver, "hosts": sources}}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(inventory(Path(sys.argv[1])), indent=2) + "\n")
