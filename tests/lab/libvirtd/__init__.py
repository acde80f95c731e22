# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A private libvirtd with QEMU guests, and node files for libvirt's test driver.

::

    with Libvirtd(tcp="sasl", tls=True) as daemon:
        connection = libvirt.open(daemon.uri())               # QEMU driver over the unix socket
        add_guest(connection, "web1", "running")
        libvirt.openReadOnly(daemon.uri("tls"))               # pkipath is that of a trusted client
        libvirt.open(daemon.uri(driver="test", path=write_node_file(folder / "node.xml", guests=10000)))
        daemon.admin_uri                                      # for virt-admin
        daemon.freeze(); daemon.thaw(); daemon.kill()
"""

from __future__ import annotations

from .daemon import HOST_UUID, Libvirtd
from .guests import add_guest, domain_xml, guest_uuid, write_node_file
from .processes import LabError
from .virtlogd import Virtlogd

__all__ = ["HOST_UUID", "LabError", "Libvirtd", "Virtlogd", "add_guest", "domain_xml", "guest_uuid", "write_node_file"]
