# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend ahv."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server:
    description:
      - The Prism Element or Prism Central, as a host name, an address or a URL.
      - Without it the environment variable E(VIRTMAP_AHV_SERVER) is taken.
    type: str
    required: true
  port:
    description:
      - Port of the server, unless O(server) names one.
    type: int
    default: 9440
  username:
    description:
      - Account to log in with, a local one as C(user), or one of a directory as C(user@domain.example.com). The role
        C(Viewer) suffices.
      - Without it the environment variable E(VIRTMAP_AHV_USERNAME) is taken.
    type: str
    required: true
  password:
    description:
      - Password of the account. A wrong one is tried once only, so that it does not lock the account.
      - Without it the environment variable E(VIRTMAP_AHV_PASSWORD) is taken.
    type: str
    required: true
  prism_central:
    description:
      - Whether the server is a Prism Central, which answers for many clusters, not the Prism Element of one cluster.
      - A Prism Element is asked with the API v2.0, a Prism Central with v4, or with v3 where it has no v4.
    type: bool
    default: false
"""
