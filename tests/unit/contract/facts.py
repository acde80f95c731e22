# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The facts that virt-who reports for each backend, and the type of their values.

A source of the contract suite tells all that its backend can report, so a key that is missing is a mistake there.
"""

from __future__ import annotations

_COMMON: dict[str, type] = {
    "cpu.cpu_socket(s)": str,
    "hypervisor.type": str,
    "hypervisor.version": str,
    "dmi.system.uuid": str,
}
_CLUSTERED: dict[str, type] = {**_COMMON, "hypervisor.cluster": str}

FACTS: dict[str, dict[str, type]] = {
    "ahv": _CLUSTERED,
    "esx": _CLUSTERED,
    "file": _CLUSTERED,
    "hyperv": _COMMON,
    "kubevirt": _COMMON,
    # libvirt's version is a number, as virt-who sends it.
    "libvirt": {**_COMMON, "hypervisor.version": int},
    "ovirt": _CLUSTERED,
    # virt-who reports a VDSM host without facts; these are what the host can tell.
    "vdsm": _COMMON,
    "xenserver": _COMMON,
}
# Keys that a source of this backend may leave out, because not every one of them knows.
OPTIONAL: dict[str, frozenset[str]] = {
    "ahv": frozenset({"hypervisor.cluster"}),
    "esx": frozenset({"hypervisor.cluster"}),
    # Kubernetes does not know sockets; virt-who's number is an option.
    "kubevirt": frozenset({"cpu.cpu_socket(s)"}),
    "libvirt": frozenset({"cpu.cpu_socket(s)", "dmi.system.uuid"}),
    "vdsm": frozenset(_COMMON),
}
