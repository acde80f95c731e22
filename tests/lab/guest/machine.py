# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Linux guest that really boots, as a domain of a private libvirtd, with channels for agents and a way in by ssh."""

from __future__ import annotations

import subprocess
import time
import typing as t
from pathlib import Path
from xml.sax.saxutils import escape

from ..libvirtd.daemon import Libvirtd
from ..libvirtd.processes import LabError, free_port, program
from .image import Image, image

NAME = "guest1"
OVIRT_PORT = "ovirt-guest-agent.0"
# Twenty seconds on a quiet machine, minutes on a busy one.
BOOT_SECONDS = 400
QEMU_NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0"
MEMORY_MIB = 384
# What hosts may have qemu-ga do: all that is asked here but ending the guest.
ALLOWED = """
guest-fsfreeze-freeze guest-fsfreeze-freeze-list guest-fsfreeze-status guest-fsfreeze-thaw guest-get-disks
guest-get-fsinfo guest-get-host-name guest-get-osinfo guest-get-timezone guest-get-users guest-get-vcpus
guest-network-get-interfaces
""".split()


class Machine:
    """The guest; a context manager. Its disk is an overlay, so each one starts from the same image.

    Attributes:
        socket: the host's end of the channel of the oVirt protocol.
        port: of loopback that leads to the guest's ssh.
    """

    def __init__(self, daemon: Libvirtd) -> None:
        self.daemon = daemon
        self.socket = daemon.folder / "ovirt.sock"
        self.port = free_port()
        self.log = daemon.folder / "console.log"
        self.image: Image | None = None
        self._domain: t.Any = None
        self._connection: t.Any = None

    def start(self) -> None:
        """Boot, and return when ssh lets one in.

        Raises:
            LabError: it does not come up; the message holds the end of its console.
        """
        # Only guests need the binding.
        import libvirt

        self.image = image()
        disk = self.daemon.folder / "disk.qcow2"
        overlay = [program("qemu-img"), "create", "-q", "-f", "qcow2", "-F", "qcow2"]
        subprocess.run([*overlay, "-b", str(self.image.disk), str(disk)], check=True)
        self._connection = libvirt.open(self.daemon.uri())
        self._domain = self._connection.defineXML(self._definition(self.image, disk))
        self._domain.create()
        until = time.monotonic() + BOOT_SECONDS
        while not self.run("true"):
            if time.monotonic() > until or not self._domain.isActive():
                text = self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""
                raise LabError(
                    f"the guest did not come up within {BOOT_SECONDS} seconds; the end of its console:\n{text}"
                )
            time.sleep(1)

    def run(self, command: str) -> bool:
        """Run a command in the guest; return whether it succeeded."""
        assert self.image is not None
        line = ["ssh", "-i", str(self.image.key), "-p", str(self.port), *SSH_OPTIONS, "root@127.0.0.1", command]
        try:
            done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def inventory(self) -> dict[str, t.Any]:
        """The guest in an inventory of Ansible, with the variables that role guest_agent needs."""
        assert self.image is not None
        variables = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": "root",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_private_key_file": str(self.image.key),
            "ansible_ssh_common_args": " ".join(SSH_OPTIONS),
            "ansible_timeout": 60,
            "guest_agent_domain": NAME,
            "guest_agent_uri": self.daemon.uri(),
            "guest_agent_delegate_to": "localhost",
            "guest_agent_allowed_commands": ALLOWED,
            "lab_socket": str(self.socket),
        }
        return {"guests": {"hosts": {NAME: variables}}}

    def _definition(self, parts: Image, disk: Path) -> str:
        network = f"user,id=n0,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22"
        extra = ["-netdev", network, "-device", "virtio-net-pci,netdev=n0,addr=0x10"]
        arguments = "".join(f"<qemu:arg value='{escape(word)}'/>" for word in extra)
        return (
            f"<domain type='qemu' xmlns:qemu='{QEMU_NAMESPACE}'><name>{NAME}</name>"
            f"<memory unit='MiB'>{MEMORY_MIB}</memory><vcpu>2</vcpu>"
            f"<os><type arch='x86_64' machine='q35'>hvm</type><kernel>{parts.kernel}</kernel>"
            f"<initrd>{parts.initrd}</initrd><cmdline>console=ttyS0 quiet</cmdline></os>"
            # Without a limit QEMU's buffer of translated code grows to a gigabyte and more.
            "<features><acpi/><tcg><tb-cache unit='MiB'>256</tb-cache></tcg></features>"
            "<cpu mode='custom'><model>qemu64</model></cpu><devices>"
            f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/>"
            "<target dev='vda' bus='virtio'/><serial>LAB1</serial></disk>"
            f"<channel type='unix'><source mode='bind' path='{self.socket}'/>"
            f"<target type='virtio' name='{OVIRT_PORT}'/></channel>"
            f"<serial type='file'><source path='{self.log}'/></serial><rng model='virtio'>"
            "<backend model='random'>/dev/urandom</backend></rng></devices>"
            f"<qemu:commandline>{arguments}</qemu:commandline></domain>"
        )


SSH_OPTIONS = (
    "-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=20 -o LogLevel=ERROR"
).split()
