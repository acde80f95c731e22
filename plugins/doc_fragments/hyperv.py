# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend hyperv."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server:
    description:
      - The Hyper-V host, as a host name, an address or a URL; or several of them, such as all nodes of a failover
        cluster, which are then one source.
      - Without it the environment variable E(VIRTMAP_HYPERV_SERVER) is taken, in which commas stand between several.
    type: list
    elements: str
    required: true
  port:
    description:
      - Port of WinRM, unless O(server) names one.
      - Without it 5986 for V(https) and 5985 for V(http).
    type: int
  scheme:
    description:
      - Scheme of the connection, unless O(server) is a URL.
      - With V(http) and a O(transport) that can, which is V(ntlm), V(kerberos) and V(credssp), every message is sealed.
    type: str
    choices: [https, http]
    default: https
  transport:
    description:
      - How the account is authenticated. V(ntlm) and V(kerberos) are switched on in WinRM from the start, the others
        are not.
      - V(kerberos) takes the ticket that the user who runs the task already has (C(kinit)), and needs the host's full
        name as O(server).
      - V(basic) is for local accounts only. V(certificate) needs V(https).
    type: str
    choices: [ntlm, kerberos, basic, certificate, credssp]
    default: ntlm
  username:
    description:
      - Account to log in with, as C(user), C(DOMAIN\user) or C(user@domain.example.com). With V(kerberos) the principal,
        which may be left out.
      - Without it the environment variable E(VIRTMAP_HYPERV_USERNAME) is taken.
    type: str
  password:
    description:
      - Password of the account. It is tried at one host before it is tried at the others.
      - Without it the environment variable E(VIRTMAP_HYPERV_PASSWORD) is taken.
    type: str
  client_cert:
    description:
      - File with the client certificate in PEM form, for V(certificate).
    type: path
  client_key:
    description:
      - File with its key, unless that is in the same file.
    type: path
  allow_unencrypted:
    description:
      - Allow V(basic) over V(http), where the password and all messages can be read on their way.
    type: bool
    default: false
  uuid_order:
    description:
      - In which order the bytes of a guest's uuid are given.
      - V(virt_who) is the order that virt-who reports. It differs from what a guest of generation 2 sees on Windows
        Server 2019 and newer; Candlepin knows both.
      - V(guest) is the order that the guest itself sees, for every guest. A receiver may count a guest twice after a
        change of this option.
    type: str
    choices: [virt_who, guest]
    default: virt_who
"""
