# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend esx."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server:
    description:
      - The vCenter or ESXi, as a host name, an address or a URL.
      - Without it the environment variable E(VIRTMAP_ESX_SERVER) is taken.
    type: str
    required: true
  port:
    description:
      - Port of the server, unless O(server) names one.
    type: int
    default: 443
  username:
    description:
      - Account to log in with. Read-only rights suffice.
      - Without it the environment variable E(VIRTMAP_ESX_USERNAME) is taken.
    type: str
    required: true
  password:
    description:
      - Password of the account. It is tried once only, so that a wrong one does not lock the account.
      - Without it the environment variable E(VIRTMAP_ESX_PASSWORD) is taken.
    type: str
    required: true
  uuid_order:
    description:
      - In which order the bytes of a guest's uuid are given.
      - V(guest) is the order that the guest itself sees, and that virt-who reports. From hardware version 13 on it
        differs from what vCenter prints.
      - V(vcenter) is the order that vCenter prints, for every guest.
    type: str
    choices: [guest, vcenter]
    default: guest
  include_templates:
    description:
      - Report templates as guests, as virt-who does. When V(false), they are named in C(skipped).
    type: bool
    default: true
  include_vcls:
    description:
      - Report the machines of vSphere Cluster Services (C(vCLS)) as guests, as virt-who does. When V(false), they are
        named in C(skipped).
    type: bool
    default: true
"""
