# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup plugin: secrets of virt-who's configuration."""

from __future__ import annotations

DOCUMENTATION = r"""
name: virt_who_password
short_description: Secrets of virt-who's configuration
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Reads a secret of a section of virt-who's configuration, and decrypts it with virt-who's key file where it is encrypted.
  - The plugin runs on the control node, as a user who may read these files, usually root.
  - What it returns is a secret. Give it to an option that hides its value, and never print it.
options:
  _terms:
    description: Names of sections.
    type: list
    elements: str
  section:
    description:
      - The name of one more section, after those of O(_terms).
      - Terms of a lookup are templates before ansible-core 2.19; this option is not, so a name that others chose is safe here.
    type: str
  option:
    description:
      - Which secret. The encrypted form of a key wins over the one in the clear.
      - V(rhsm_proxy) is the URL of the proxy with the user name and password that belong to it.
    type: str
    choices: [password, rhsm_password, rhsm_proxy_password, sat_password, rhsm_proxy]
    default: password
extends_documentation_fragment:
  - virtmap.core.virt_who
requirements:
  - cryptography, for encrypted passwords
seealso:
  - plugin: virtmap.core.virt_who
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Ask a vCenter with the password that virt-who has for it
  virtmap.core.esx_hypervisor_guest_facts:
    server: vcenter.example.com
    username: auditor
    password: "{{ lookup('virtmap.core.virt_who_password', 'vcenter1') }}"
"""

RETURN = r"""
_raw:
  description: The secrets, one for each section.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.config import find_section, read_configuration
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.secrets import secret


def _already_told(_warning: str) -> None:
    """What is odd in the files is told by the inventory plugin, once; here only the secret counts."""


class LookupModule(LookupBase):
    """Secrets of virt-who's configuration."""

    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[str]:
        """The secrets of the sections named by ``terms`` and the option ``section``."""
        self.set_options(var_options=variables, direct=kwargs)
        option, key_file, section = (self.get_option(name) for name in ("option", "key_file", "section"))
        names = [*(str(term) for term in terms), *([] if section is None else [section])]
        if not names:
            raise AnsibleLookupError("virtmap.core.virt_who_password: name a section")
        try:
            files = self.get_option("config_file"), self.get_option("config_dir")
            configuration = read_configuration(*files, _already_told)
            return [secret(find_section(configuration, name), option, key_file) for name in names]
        except VirtmapError as exc:
            raise AnsibleLookupError(f"virtmap.core.virt_who_password: {exc.message}") from exc
