#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module that has libvirt daemons read their TLS files again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: libvirt_daemon_tls_reload
short_description: Reload the TLS certificate of a running libvirt daemon
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Makes a daemon read its CA certificate, certificate, key and revocation list again, without a restart.
  - The admin interface tells nothing about the files in use, so the certificate that the daemon shows at its TLS port
    is compared with the one on disk. When they are the same nothing is done.
extends_documentation_fragment:
  - virtmap.core.attributes
  - virtmap.core.attributes.action_group
  - virtmap.core.connection
  - virtmap.core.libvirt_daemon
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  certificate:
    description: The file with the certificate of the server, on the host that the task runs on.
    type: path
    default: /etc/pki/libvirt/servercert.pem
  address:
    description: Address at which the daemon listens. Without it the one in the configuration file, else C(localhost).
    type: str
  port:
    description: Port at which the daemon speaks TLS. Without it the one in the configuration file, else V(16514).
    type: int
  probe:
    description:
      - Whether to look at the certificate that is served. Without that the files are read again each time, and
        nothing shows whether it helped.
    type: bool
    default: true
  force:
    description:
      - Have the files read again even if the served certificate is the one on disk, for a new CA certificate, key or
        revocation list.
    type: bool
    default: false
  config_file:
    description:
      - The configuration file of the daemon.
      - Without it the one that the daemon reads by default, such as C(/etc/libvirt/libvirtd.conf). It has to be given
        when O(uri) names a socket.
    type: path
notes:
  - Daemons read these files again from the built-in paths only. A daemon whose configuration file names others is
    refused; it has to be restarted.
  - When the new files cannot be used the old certificate stays in service.
  - It is V(libvirtd) or V(virtproxyd) that speaks TLS.
seealso:
  - module: virtmap.core.libvirt_daemon_info
"""

EXAMPLES = r"""
- name: Put the new certificate in place
  ansible.builtin.copy:
    src: "{{ inventory_hostname }}.pem"
    dest: /etc/pki/libvirt/servercert.pem
    mode: "0644"
  become: true

- name: Serve it
  virtmap.core.libvirt_daemon_tls_reload:
    uri: virtproxyd:///system
  become: true

- name: Take a new revocation list into account
  virtmap.core.libvirt_daemon_tls_reload:
    force: true
  become: true
"""

RETURN = r"""
certificate:
  description: The certificates; fingerprints are SHA-256 in hexadecimal digits.
  returned: success
  type: dict
  contains:
    path:
      description: The file that was looked at.
      type: str
      returned: always
      sample: /etc/pki/libvirt/servercert.pem
    on_disk:
      description: Fingerprint of the certificate in the file.
      type: str
      returned: always
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    served_before:
      description: Fingerprint of the certificate that was served before the task; null with O(probe=false).
      type: str
      returned: always
      sample: 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
    served_after:
      description:
        - Fingerprint of the certificate that is served after the task, or would be in check mode; null with
          O(probe=false).
      type: str
      returned: always
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn, run_module
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.options import CONNECTION
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.tls_files import DEFAULT_CERTIFICATE
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.tls_reload import reload_tls

OPTIONS = (
    OptionGroup(
        {
            "certificate": {"type": "path", "default": DEFAULT_CERTIFICATE},
            "address": {"type": "str"},
            "port": {"type": "int"},
            "probe": {"type": "bool", "default": True},
            "force": {"type": "bool", "default": False},
            "config_file": {"type": "path"},
        }
    )
    + CONNECTION
)


def work(module: AnsibleModule, warn: Warn) -> dict[str, object]:
    """Do the work of the module."""
    return reload_tls(Run.of(module, warn))


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, work)


if __name__ == "__main__":
    main()
