# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options that all modules and plugins with a network share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  timeout:
    description:
      - Deadline of each exchange with the server in seconds, from the request to the last byte of its answer.
      - Against a server that does not work the task ends within three times this value and ten seconds, retries
        included.
    type: int
    default: 60
"""

    TLS = r"""
options:
  validate_certs:
    description:
      - Whether the certificate of the server and the name in it are verified.
      - Set it to V(false) only for tests. For a private CA use O(ca_path).
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificates that are trusted, in PEM form, or a folder of such files.
      - Without it the CAs of the system are trusted.
    type: path
"""

    PROXY = r"""
options:
  proxy:
    description:
      - URL of the HTTP proxy to go through, such as V(http://proxy.example.com:3128); a user name and password may
        stand in it.
      - Without it the environment variables C(https_proxy), C(http_proxy) and C(no_proxy) decide. An empty text means
        no proxy.
    type: str
"""
