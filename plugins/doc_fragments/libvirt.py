# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend libvirt."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  uri:
    description:
      - The daemon to ask, as a connection URI of libvirt.
      - What stands in it must not be secret; a URI with a password is refused.
      - An ssh URI is used without a terminal, so ssh must get through without asking for anything.
    type: str
    default: qemu:///system
  username:
    description:
      - User name for daemons that ask for one with SASL. For ssh it stands in O(uri).
      - The environment variable E(VIRTMAP_LIBVIRT_USERNAME) is used when it is not given.
    type: str
  password:
    description:
      - Password of O(username).
      - The environment variable E(VIRTMAP_LIBVIRT_PASSWORD) is used when it is not given.
    type: str
"""
