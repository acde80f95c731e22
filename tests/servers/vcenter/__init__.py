# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The part of vSphere's SOAP API that a mapping needs, from memory: sessions, views, pages, update sets, faults.

It does what govmomi's simulator (tests/lab/vcsim) cannot: pages, properties that are missing or may not be read,
sessions that end, hosts without a uuid, accounts that see only a part, truncated update sets.
"""

from __future__ import annotations

from .inventory import Entity, Enum, Inventory, Ref, esxi, vcenter
from .server import VCenterServer, operation_of

__all__ = ["Entity", "Enum", "Inventory", "Ref", "VCenterServer", "esxi", "operation_of", "vcenter"]
