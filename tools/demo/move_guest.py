# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Move the last guest of the first hypervisor of a virt-who file to the second one, as a migration would."""

from __future__ import annotations

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    path = Path(sys.argv[1])
    document = json.loads(path.read_text(encoding="utf-8"))
    source, target = document["hypervisors"][:2]
    target["guestIds"].append(source["guestIds"].pop())
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
