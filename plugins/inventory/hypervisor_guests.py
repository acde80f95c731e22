# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inventory plugin: the guests of hypervisors."""

from __future__ import annotations

DOCUMENTATION = r"""
name: hypervisor_guests
short_description: Guests of hypervisors as inventory, grouped by hypervisor
version_added: 1.0.0
author:
  - The virtmap.core contributors (@virtmap)
description:
  - Asks any number of sources side by side which guest runs on which hypervisor, and makes every guest an inventory
    host.
  - Groups by hypervisor (C(hypervisor_<name>)), cluster (C(cluster_<name>)), state (C(state_running)) and backend are
    always there. They are built
    without templates, which cost time for every guest.
  - The file must be named C(hypervisor_guests.yml) or end in C(hypervisor_guests.yml) or C(hypervisor_guests.yaml).
notes:
  - A host is named after its guest. Where two guests share a name, or a guest is called like a group, V(localhost) or
    V(all), the uuid is
    added. Characters that are unfit for file names become C(_); C(virtmap_name) has the name as it is.
  - Names come from the hypervisors and are chosen by others. They are never evaluated as templates.
  - The host variables are C(virtmap_uuid), C(virtmap_name), C(virtmap_state), C(virtmap_hypervisor) (the id),
    C(virtmap_hypervisor_name),
    C(virtmap_cluster), C(virtmap_backend) and C(virtmap_source), and C(ansible_host) where the source knows an address.
  - Where a cache is on, the answers of the sources are cached, not the finished inventory.
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [virtmap.core.hypervisor_guests]
  sources:
    description:
      - The sources to ask. Each is a dictionary with C(backend) and the options of the module
        C(virtmap.core.<backend>_hypervisor_guest_facts).
      - Texts may be templates and Ansible Vault values; secrets can also come from the environment variables that the
        module names.
    type: list
    elements: dict
    required: true
  hostnames:
    description:
      - Keys of a guest of which the first that has a value names the host, V(name), V(uuid) or one that the backend
        adds.
    type: list
    elements: str
    default: [name, uuid]
  on_source_failure:
    description:
      - What to do when a source does not answer in full.
      - With V(fail) there is no inventory then.
      - With V(cached) its last good answer is used, however old, with a warning; without one there is no inventory.
        It needs O(cache) to be on.
    type: str
    choices: [fail, cached]
    default: fail
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
seealso:
  - module: virtmap.core.libvirt_hypervisor_guest_facts
  - module: virtmap.core.file_hypervisor_guest_facts
"""

EXAMPLES = r"""
# Two sources; every guest is in the group of its hypervisor
plugin: virtmap.core.hypervisor_guests
sources:
  - backend: libvirt
    uri: qemu+tls://kvm1.example.com/system
  - backend: file
    path: /var/lib/virtmap/mapping.yml
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /var/cache/virtmap
on_source_failure: cached

# Only running guests of a cluster get their own group
# groups:
#   blue_and_running: virtmap_cluster == 'Blue' and virtmap_state == 'running'
"""

import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.plugin_utils._answers import AnswerCache
from ansible_collections.virtmap.core.plugins.plugin_utils._inert import inert
from ansible_collections.virtmap.core.plugins.plugin_utils._inventory import Entry, entries
from ansible_collections.virtmap.core.plugins.plugin_utils._sources import Source, collect_all, read_source


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Guests of hypervisors as inventory hosts."""

    NAME = "virtmap.core.hypervisor_guests"

    def verify_file(self, path: str) -> bool:
        """Whether the file is named as the documentation says."""
        return bool(super().verify_file(path)) and path.endswith(("hypervisor_guests.yml", "hypervisor_guests.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Fill the inventory from the file at ``path``."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            sources = [self._source(value, index) for index, value in enumerate(self.get_option("sources"))]
            for entry in entries(self._mappings(sources, path, cache), self.get_option("hostnames")):
                self._add(entry)
        except VirtmapError as exc:
            raise AnsibleParserError(f"{path}: {exc.message}") from exc

    def _source(self, value: t.Any, index: int) -> Source:
        where = f"sources[{index}]"
        if not isinstance(value, dict):
            raise InvalidInput(f"{where} must be a dictionary")
        return read_source({key: self._plain(item) for key, item in value.items()}, where)

    def _plain(self, value: t.Any) -> t.Any:
        """Templates evaluated and vault values opened, as in a play."""
        if isinstance(value, list):
            return [self._plain(item) for item in value]
        value = self.templar.template(value)
        is_secret = value.__class__.__name__ in ("AnsibleVaultEncryptedUnicode", "EncryptedString")
        return str(value) if is_secret else value

    def _mappings(self, sources: list[Source], path: str, cache: bool) -> list[Mapping]:
        """The answer of every source, out of the cache where it may be."""
        store = AnswerCache(self, path) if self.get_option("cache") else None
        found = store.read(sources) if store and cache else {}
        answers = collect_all([source for source in sources if source.where not in found])
        for answer in answers:
            for warning in answer.warnings:
                self.display.warning(f"{path}: {answer.source.where}: {warning}")
            if answer.mapping is not None:
                found[answer.source.where] = answer.mapping
                continue
            last = store.last(answer.source) if store and self.get_option("on_source_failure") == "cached" else None
            message = f"{answer.source.where} ({answer.source.backend}): {answer.error}"
            if last is None:
                raise VirtmapError(message)
            self.display.warning(f"{path}: {message}; its answer of {last.collected_at} is used instead")
            found[answer.source.where] = last
        if store:
            store.write(sources, [answer for answer in answers if answer.mapping is not None])
        return [found[source.where] for source in sources]

    def _add(self, entry: Entry) -> None:
        """Add one guest; only what the user configured goes through templates."""
        host = entry.name  # made of letters that no template needs
        self.inventory.add_host(host)
        for group in entry.groups:
            self.inventory.add_child(self.inventory.add_group(group), host)
        variables = inert(entry.variables)
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)
        constructed = {
            "compose": self._set_composite_vars,
            "groups": self._add_host_to_composed_groups,
            "keyed_groups": self._add_host_to_keyed_groups,
        }
        for option, build in constructed.items():
            if self.get_option(option):
                build(self.get_option(option), variables, host, strict=self.get_option("strict"))
