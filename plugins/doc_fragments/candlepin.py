# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of all modules that talk to Candlepin."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server:
    description:
      - Host name, address or URL of the server, which is Red Hat Subscription Management, a Satellite 6 or another
        Katello, or a Candlepin.
      - A port and a path in a URL count as O(port) and O(prefix). It is always asked over TLS.
      - Without it the environment variable E(VIRTMAP_RHSM_SERVER), then C(hostname) in O(rhsm_conf) is used. One of
        O(server) and O(rhsm_conf) is needed.
    type: str
  port:
    description:
      - Port of the server. Without it that of O(rhsm_conf), else V(443).
    type: int
  prefix:
    description:
      - Path in front of all requests. A Satellite has V(/rhsm), Red Hat's own service V(/subscription), a bare
        Candlepin V(/candlepin).
      - Slashes around it do not matter. Without it that of O(rhsm_conf), else V(/rhsm).
    type: str
  username:
    description:
      - Name of a user of the server.
      - Without it the environment variable E(VIRTMAP_RHSM_USERNAME) is used.
    type: str
  password:
    description:
      - Password of the user.
      - Without it the environment variable E(VIRTMAP_RHSM_PASSWORD) is used.
    type: str
  client_cert:
    description:
      - Identity certificate of a registered host, in PEM form, to be used instead of O(username) and O(password).
      - Without it and without a user name, C(cert.pem) and C(key.pem) in the folder C(consumerCertDir) of O(rhsm_conf)
        are used.
    type: path
  client_key:
    description:
      - Key of O(client_cert), without a passphrase. It may also stand in the same file as the certificate.
    type: path
  rhsm_conf:
    description:
      - Configuration of subscription-manager to take what was not given from, mostly V(/etc/rhsm/rhsm.conf).
      - Read are C(hostname), C(port), C(prefix), C(insecure), C(proxy_hostname), C(proxy_port), C(proxy_user),
        C(proxy_password) and C(no_proxy) of C([server]), C(ca_cert_dir) and C(consumerCertDir) of C([rhsm]). Keys that
        the file does not hold have the values that subscription-manager gives them.
      - Options beat this file, and this file beats the built-in values.
    type: path
  owner:
    description:
      - Key of the owner, which is the organization; a Satellite calls it the label. Its case counts.
      - Without it the environment variable E(VIRTMAP_RHSM_OWNER) is used, then the organization of the client
        certificate, then what the server tells about the account when that is exactly one.
    type: str
  validate_certs:
    description:
      - Whether the certificate of the server and the name in it are verified.
      - Without it they are verified, unless O(rhsm_conf) sets C(insecure) to 1.
    type: bool
  ca_path:
    description:
      - File with the CA certificates that are trusted, in PEM form, or a folder of such files.
      - Without it C(ca_cert_dir) of O(rhsm_conf), else the CAs of the system.
    type: path
  proxy:
    description:
      - URL of the HTTP proxy to go through, such as V(http://proxy.example.com:3128); a user name and password may
        stand in it.
      - Without it the proxy of O(rhsm_conf), else the environment variables E(https_proxy) and E(no_proxy). An empty
        text means no proxy.
    type: str
requirements:
  - urllib3 >= 1.26
"""
