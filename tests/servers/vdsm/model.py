# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A hypervisor as VDSM tells it: its machines, and the results of the methods that read."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass, field

Object = dict[str, t.Any]
#: The eleven states of a machine.
STATUSES = (
    "Up", "Paused", "Powering down", "Migration Source", "Down", "Migration Destination", "RebootInProgress",
    "Restoring state", "Saving State", "WaitForLaunch", "Powering up",
)  # fmt: skip
NO_METHOD, BAD_PARAMETERS, RECOVERING = -32601, -32602, 99


class RpcFault(Exception):
    """An answer with ``error`` in place of ``result``."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def made_id(*words: object) -> str:
    """A uuid that is always the same for the same words."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, ".".join(map(str, words))))


@dataclass
class Machine:
    """A virtual machine; one without an id is a broken object."""

    vm_id: str | None
    name: str | None = None
    status: str = "Up"

    def short(self) -> Object:
        """As in Host.getVMList since 4.40."""
        found: Object = {"status": self.status, "statusTime": "4296272980"}
        return {"vmId": self.vm_id, **found} if self.vm_id is not None else found

    def definition(self) -> Object:
        """As in the full lists of older releases."""
        return {
            **self.short(),
            "vmName": self.name,
            "memSize": 4096,
            "smp": "2",
            "display": "qxl",
            "pid": "4711",
            "devices": [{"device": "scsi", "type": "controller", "alias": "scsi0"}],
            "guestDiskMapping": {},
        }

    def stats(self) -> Object:
        """As in Host.getAllVmStats; one that is down tells little."""
        if self.status == "Down":
            return {**self.short(), "exitCode": 0, "exitMessage": "", "exitReason": 0, "timeOffset": "0"}
        return {
            **self.short(),
            "vmName": self.name,
            "pid": "4711",
            "elapsedTime": "86400",
            "cpuUser": "1.25",
            "cpuSys": "0.53",
            "cpuUsage": "178030000000",
            "vcpuCount": "2",
            "memUsage": "37",
            "guestFQDN": "guest.example.com",
            "guestIPs": "192.0.2.10 192.0.2.11",
            "netIfaces": [{"name": "eth0", "hw": "56:6f:1a:2b:00:01", "inet": ["192.0.2.10"], "inet6": ["2001:db8::1"]}],
            "username": "root",
            "session": "LoggedOff",
            "appsList": ["kernel-4.18.0-553.el8", "qemu-guest-agent-6.2.0"],
            "guestOs": "4.18.0-553.el8.x86_64",
            "guestCPUCount": 2,
            "disksUsage": [{"path": "/", "fs": "xfs", "total": "21003583488", "used": "4311744512"}],
            "memoryStats": {"swap_in": 0, "swap_out": 0, "mem_free": "2031616", "mem_total": "3880064"},
            "network": {
                "vnet0": {
                    "name": "vnet0", "macAddr": "56:6f:1a:2b:00:01", "state": "unknown", "speed": "1000",
                    "rx": "98211", "tx": "4711", "rxErrors": "0", "txErrors": "0", "rxDropped": "0", "txDropped": "0",
                }
            },
            "disks": {
                "sda": {
                    "truesize": "4311744512", "apparentsize": "21474836480", "readRate": "0.0", "writeRate": "512.5",
                    "readLatency": "0", "writeLatency": "261430", "flushLatency": "112", "imageID": str(self.vm_id),
                }
            },
            "displayInfo": [{"type": "vnc", "port": "5900", "tlsPort": "-1", "ipAddress": "192.0.2.2"}],
            "clientIp": "",
            "monitorResponse": "0",
            "hash": "-1329743017642735437",
            "vmType": "kvm",
            "kvmEnable": "true",
            "acpiEnable": "true",
            "vmJobs": {},
            "balloonInfo": {"balloon_max": "4194304", "balloon_min": "1048576", "balloon_cur": "4194304"},
        }  # fmt: skip


@dataclass
class Host:
    """A hypervisor.

    Attributes:
        uuid: of its capabilities; None where it knows none.
        hardware_uuid: what its firmware says.
    """

    machines: list[Machine] = field(default_factory=list)
    uuid: str | None = "4c4c4544-0039-4a10-8053-b8c04f4d5a31"
    hardware_uuid: str | None = "4C4C4544-0039-4A10-8053-B8C04F4D5A31"
    sockets: str | None = "2"
    version: str | None = "4.50.7"
    #: What getVMList gives: "objects", "definitions" (3.5 to 4.3, asked for more than ids) or "ids" (3.5.0).
    shape: str = "objects"
    #: How many times it still says that it is recovering.
    recovering: int = 0
    #: Methods that this release does not have.
    missing: tuple[str, ...] = ()

    def call(self, method: str, params: Object) -> t.Any:
        """The result of a method. Raises RpcFault."""
        methods: dict[str, t.Callable[[Object], t.Any]] = {
            "Host.getVMList": self._list,
            "Host.getAllVmStats": lambda _params: [machine.stats() for machine in self.machines],
            "Host.getCapabilities": lambda _params: self._capabilities(),
            "Host.getHardwareInfo": lambda _params: self._hardware(),
            "Host.ping2": lambda _params: True,
        }
        if method not in methods or method in self.missing:
            raise RpcFault(NO_METHOD, f"The method {method} does not exist or is not available.")
        if method != "Host.ping2" and self.recovering:
            self.recovering -= 1
            raise RpcFault(RECOVERING, "Recovering from crash or Initializing")
        return methods[method](params)

    def _list(self, params: Object) -> list[t.Any]:
        if self.shape == "ids" or (self.shape == "definitions" and params.get("onlyUUID", True)):
            return [machine.vm_id for machine in self.machines]
        if self.shape == "definitions":
            return [machine.definition() for machine in self.machines]
        return [machine.short() for machine in self.machines]

    def _capabilities(self) -> Object:
        found: Object = {
            "uuid": self.uuid,
            "software_version": self.version,
            "software_revision": "1",
            "version_name": "Snow Man",
            "cpuModel": "Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz",
            "cpuSockets": self.sockets,
            "cpuCores": "32",
            "cpuThreads": "64",
            "onlineCpus": "0,1,2,3",
            "memSize": "385393",
            "kvmEnabled": "true",
            "operatingSystem": {"name": "RHEL", "version": "8.9", "release": "1", "pretty_name": "Example 8"},
            "packages2": {"vdsm": {"version": self.version, "release": "1.el8"}},
            "networks": {"ovirtmgmt": {"iface": "ovirtmgmt", "bridged": True, "addr": "192.0.2.2"}},
            "selinux": {"mode": "1"},
        }
        return {key: value for key, value in found.items() if value is not None}

    def _hardware(self) -> Object:
        found = {"systemManufacturer": "Example Inc.", "systemProductName": "R640", "systemUUID": self.hardware_uuid}
        return {key: value for key, value in found.items() if value is not None}


def fleet(machines: int, **host: t.Any) -> Host:
    """A host with so many machines in all states, most of them up."""
    states = ("Up",) * 20 + STATUSES
    return Host(
        [Machine(made_id("vm", number), f"vm{number}", states[number % len(states)]) for number in range(machines)],
        **host,
    )
