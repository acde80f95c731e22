# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend ovirt."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server:
    description:
      - The engine, as a host name, an address or a URL. The path of its API may stand in the URL, but need not.
      - Use a name that the engine itself was configured with, or its login refuses.
      - Without it the environment variable E(VIRTMAP_OVIRT_SERVER) is taken.
    type: str
    required: true
  port:
    description:
      - Port of the engine, unless O(server) names one.
    type: int
    default: 443
  username:
    description:
      - Account to log in with, with its profile, such as V(virtmap@internal). The role C(ReadOnlyAdmin) suffices.
      - Without it the environment variable E(VIRTMAP_OVIRT_USERNAME) is taken.
    type: str
  password:
    description:
      - Password of the account. It is tried once only, so that a wrong one does not lock the account.
      - Without it the environment variable E(VIRTMAP_OVIRT_PASSWORD) is taken.
    type: str
  token:
    description:
      - Token of the engine's single sign-on, in place of O(username) and O(password). It is not revoked afterwards.
      - Without it the environment variable E(VIRTMAP_OVIRT_TOKEN) is taken.
    type: str
  page_size:
    description:
      - Read the lists of clusters, hosts and virtual machines in pages of so many objects.
      - Without it each list is one answer, and so one look into the engine's database. It is parsed while it arrives,
        so that even a large one takes little memory.
      - Only needed when the engine takes longer than O(timeout) for a whole list. What is created or removed while
        pages are read shifts the rest; when that is noticed, they are read once more, and then the task fails.
    type: int
"""
