# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backends that the contract suite runs for. To add one: ``backends/<name>.py`` with BACKENDS, and a line here."""

from __future__ import annotations

import importlib

from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend

NAMES = (
    "ahv",
    "esx",
    "example",
    "file",
    "hyperv",
    "kubevirt",
    "libvirt",
    "ovirt",
    "vdsm",
    "xenserver",
)


def backends() -> list[Backend]:
    """Everything in BACKENDS of the files above, in this order."""
    package = f"{__package__}.backends"
    return [backend for name in NAMES for backend in importlib.import_module(f"{package}.{name}").BACKENDS]
