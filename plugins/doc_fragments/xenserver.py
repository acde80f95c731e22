# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend xenserver."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server:
    description:
      - The coordinator of the pool, or another host of it, as a host name, an address or a URL.
      - Without it the environment variable E(VIRTMAP_XENSERVER_SERVER) is taken.
    type: str
    required: true
  port:
    description:
      - Port of the server, unless O(server) names one.
      - Without it 443, or 80 where O(server) begins with C(http://), which sends the password unencrypted.
    type: int
  username:
    description:
      - Account to log in with. The role C(read-only) suffices.
      - Without it the environment variable E(VIRTMAP_XENSERVER_USERNAME) is taken.
    type: str
    required: true
  password:
    description:
      - Password of the account. It is tried once only, so that a wrong one does not lock the account.
      - Without it the environment variable E(VIRTMAP_XENSERVER_PASSWORD) is taken.
    type: str
    required: true
"""
