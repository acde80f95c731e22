# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inventory plugin: the sources of virt-who's configuration."""

from __future__ import annotations

DOCUMENTATION = r"""
name: virt_who
short_description: Sources of virt-who's own configuration as inventory
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Reads virt-who's configuration files as they are and makes every section a host with the variables of the roles
    P(virtmap.core.gather#role) and P(virtmap.core.report#role).
  - With it C(ansible-playbook -i site.virt_who.yml virtmap.core.report) does what virt-who did, and no other file has to be written.
  - The file must be named C(virt_who.yml) or end in C(virt_who.yml) or C(virt_who.yaml).
notes:
  - Secrets are not in the inventory. They are looked up with P(virtmap.core.virt_who_password#lookup) when they are used.
  - Where virt-who has a bug, the sane meaning is taken, and a warning says what virt-who would have done.
  - A section that virt-who could not use either is skipped and named in a warning; the others stand.
  - All hosts are in the group C(virt_who). C(virt_who_interval) is the interval that virt-who would run at,
    C(virt_who_differences) lists what is done differently for a source, and C(virt_who_secrets) names its variables that are secret.
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [virtmap.core.virt_who]
  rhsm_conf:
    description: The file that completes what the sections say about the Candlepin server, as virt-who does it.
    type: path
    default: /etc/rhsm/rhsm.conf
  strict_compatibility:
    description:
      - Keep virt-who's meaning of an empty C(filter_hosts=), which drops every hypervisor.
      - Without it an empty list filters nothing, and a warning says so.
      - Keep the number of CPUs that virt-who reports as the number of sockets of a Kubernetes node, too.
    type: bool
    default: false
extends_documentation_fragment:
  - virtmap.core.virt_who
seealso:
  - plugin: virtmap.core.virt_who_password
    plugin_type: lookup
  - plugin: virtmap.core.hypervisor_guests
    plugin_type: inventory
"""

EXAMPLES = r"""
# Everything where virt-who has it
plugin: virtmap.core.virt_who

# A copy of the configuration of another host
# plugin: virtmap.core.virt_who
# config_file: /srv/virt-who/virt-who.conf
# config_dir: /srv/virt-who/virt-who.d
# key_file: /srv/virt-who/key
"""

import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import whole_number
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.config import (
    Configuration,
    Section,
    read_configuration,
)
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.environment import source_proxy
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.sources import SourceVariables, source_variables
from ansible_collections.virtmap.core.plugins.plugin_utils._inert import inert, template
from ansible_collections.virtmap.core.plugins.plugin_utils._inventory import fit_for_host


class InventoryModule(BaseInventoryPlugin):
    """Sources of virt-who's configuration as inventory hosts."""

    NAME = "virtmap.core.virt_who"

    def verify_file(self, path: str) -> bool:
        """Whether the file is named as the documentation says."""
        return bool(super().verify_file(path)) and path.endswith(("virt_who.yml", "virt_who.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Fill the inventory from the file at ``path``."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            configuration = read_configuration(
                self.get_option("config_file"), self.get_option("config_dir"), self.display.warning
            )
        except InvalidInput as exc:
            raise AnsibleParserError(f"{path}: {exc.message}") from exc
        self.inventory.add_group("virt_who")
        for section in configuration.sections:
            try:
                self._add(section, configuration)
            except InvalidInput as exc:
                self.display.warning(f"the section {section.name} of {section.file} is skipped: {exc.message}")

    def _add(self, section: Section, configuration: Configuration) -> None:
        where = f"the section {section.name} of {section.file}"

        differences: list[str] = []

        def warn(message: str) -> None:
            differences.append(message)
            self.display.warning(f"{where}: {message}")

        strict, rhsm_conf = self.get_option("strict_compatibility"), self.get_option("rhsm_conf")
        found = source_variables(section, strict=strict, rhsm_conf=rhsm_conf, warn=warn)
        proxy = source_proxy(configuration.environment, found.variables, warn)
        if proxy:
            found.variables["gather_proxy"] = proxy
        host = fit_for_host(section.name)
        if host in self.inventory.hosts:
            raise InvalidInput(f"another section becomes the host {host} too; rename one of them")
        self.inventory.add_host(host, group="virt_who")
        for name, value in self._variables(section, found, configuration.general).items():
            self.inventory.set_variable(host, name, value)
        self.inventory.set_variable(host, "virt_who_differences", inert(differences))
        self.inventory.set_variable(host, "virt_who_secrets", [entry.variable for entry in found.secrets])

    def _variables(self, section: Section, found: SourceVariables, general: dict[str, str]) -> dict[str, t.Any]:
        variables: dict[str, t.Any] = inert(found.variables)
        # Everything is asked by the control node; a local source is the control node itself.
        variables["ansible_connection"] = "local"
        variables["report_rhsm_local"] = found.local
        if general.get("reporter_id"):
            variables["report_rhsm_reporter_id"] = inert(general["reporter_id"])
        interval = whole_number(general.get("interval")) or 0
        variables["virt_who_interval"] = interval if interval >= 60 else 3600
        files = {name: self.get_option(name) for name in ("config_file", "config_dir", "key_file")}
        for entry in found.secrets:
            arguments = {"section": section.name, "option": entry.option, **files}
            variables[entry.variable] = template("virtmap.core.virt_who_password", arguments)
        return variables
