# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend vdsm."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  server:
    description:
      - The hypervisor whose VDSM is asked, as a host name or an address. V(localhost) is the host that the task runs
        on, for which VDSM's own configuration and certificates are taken.
      - A URL is taken as well, C(tls://host:port), or C(tcp://host:port) for a VDSM that is configured without TLS.
      - Without it the environment variable E(VIRTMAP_VDSM_SERVER) is taken.
    type: str
    default: localhost
  port:
    description:
      - Port of VDSM, unless O(server) names one.
      - Without it the C(management_port) of O(vdsm_conf) for V(localhost), else 54321.
    type: int
  client_cert:
    description:
      - File with the client certificate in PEM form. It must be from the CA that VDSM trusts.
      - Without it the environment variable E(VIRTMAP_VDSM_CLIENT_CERT) is taken, else the certificate that VDSM itself
        has on the host that the task runs on, C(/etc/pki/vdsm/certs/vdsmcert.pem).
    type: path
  client_key:
    description:
      - File with its key, unless that is in the same file.
      - Without it the environment variable E(VIRTMAP_VDSM_CLIENT_KEY) is taken, else
        C(/etc/pki/vdsm/keys/vdsmkey.pem) along with VDSM's own certificate.
    type: path
  vdsm_conf:
    description:
      - The configuration of VDSM on the host that the task runs on. It says on which address and port VDSM listens,
        whether with TLS, and where its certificates are.
      - A file that does not exist leaves all at VDSM's defaults. The drop-in files of VDSM are read too; those of
        another file than the default are in the folder of the same name with C(.d) at its end.
    type: path
    default: /etc/vdsm/vdsm.conf
  ca_path:
    description:
      - File with the CA certificates that are trusted, in PEM form, or a folder of such files.
      - Without it the CA of VDSM on the host that the task runs on is trusted, C(/etc/pki/vdsm/certs/cacert.pem); where
        that is not there, those of the system.
    type: path
"""
