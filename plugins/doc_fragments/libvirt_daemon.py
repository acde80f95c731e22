# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options that the modules for libvirt daemons share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  uri:
    description:
      - Which daemon of the host that the task runs on, as V(DAEMON:///system), or V(DAEMON:///session) for the daemon
        of one user.
      - C(DAEMON) is V(libvirtd), one of the modular daemons such as V(virtqemud) or V(virtproxyd), V(virtlogd) or
        V(virtlockd).
      - Append V(?socket=PATH) when the admin socket of the daemon is not at its default path.
    type: str
    default: libvirtd:///system
  daemon_server:
    description:
      - Which server inside the daemon. Each daemon has a main one of its own name, and V(admin), which this module
        talks to.
      - Without it the main one is meant.
    type: str
requirements:
  - The library C(libvirt-admin.so.0) on the host that the task runs on; it comes with the package C(libvirt0) of
    Debian and Ubuntu, or C(libvirt-libs) of Fedora and Red Hat Enterprise Linux, which every host with a libvirt
    daemon has. No Python library is needed.
notes:
  - The admin interface is a local socket that serves the user of the daemon alone. Run the task on the host itself,
    with C(become) for V(DAEMON:///system), and as the user in question for V(DAEMON:///session); even root is turned
    away there.
  - What is set holds until the daemon is started again.
attributes:
  platform:
    description: Operating systems that the task can run on.
    platforms: linux
    support: full
"""

    PERSIST = r"""
options:
  persist:
    description:
      - Whether the settings are also written into the configuration file of the daemon, so that they outlive its next
        start.
      - The file is checked before anything is changed, a copy of it is kept beside it, and everything else in it
        stays as it is.
      - Only the options given in the task are written. Settings for which the file of the daemon has no key are
        refused.
    type: bool
    default: false
  config_file:
    description:
      - The configuration file of the daemon.
      - Without it the one that the daemon reads by default, such as C(/etc/libvirt/libvirtd.conf). It has to be given
        when O(uri) names a socket.
    type: path
"""

    CLIENTS = r"""
options:
  id:
    description: Ids of clients, as M(virtmap.core.libvirt_daemon_info) returns them.
    type: list
    elements: int
  transport:
    description: How clients are connected.
    type: list
    elements: str
    choices: [unix, tcp, tls]
  user:
    description: Names of the unix users of clients on this host.
    type: list
    elements: str
  uid:
    description: Numbers of the unix users of clients on this host.
    type: list
    elements: int
  pid:
    description: Process ids of clients on this host.
    type: list
    elements: int
  address:
    description: IP addresses, or networks such as V(192.0.2.0/24), from which clients come over the network.
    type: list
    elements: str
  sasl_user:
    description: Names with which clients authenticated themselves by SASL, in full, such as V(backup@example.com).
    type: list
    elements: str
  x509_dn:
    description:
      - Distinguished names in the TLS certificates of clients, in full, as M(virtmap.core.libvirt_daemon_info)
        returns them.
    type: list
    elements: str
  read_only:
    description: Whether clients may only read.
    type: bool
  unauthenticated:
    description:
      - V(true) for clients that have not got past authentication, V(false) for those that have.
      - Of the former nothing is known but O(id), O(transport) and their age, so that no other criterion matches them.
    type: bool
  older_than:
    description: Clients that have been connected for more than so many seconds.
    type: int
  exclude:
    description:
      - Clients to leave out. One that is all that an entry says is left out, even when it matches otherwise.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: See O(id).
        type: list
        elements: int
      transport:
        description: See O(transport).
        type: list
        elements: str
        choices: [unix, tcp, tls]
      user:
        description: See O(user).
        type: list
        elements: str
      uid:
        description: See O(uid).
        type: list
        elements: int
      pid:
        description: See O(pid).
        type: list
        elements: int
      address:
        description: See O(address).
        type: list
        elements: str
      sasl_user:
        description: See O(sasl_user).
        type: list
        elements: str
      x509_dn:
        description: See O(x509_dn).
        type: list
        elements: str
      read_only:
        description: See O(read_only).
        type: bool
      unauthenticated:
        description: See O(unauthenticated).
        type: bool
      older_than:
        description: See O(older_than).
        type: int
"""
