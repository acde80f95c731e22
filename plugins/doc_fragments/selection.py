# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of all modules and plugins that collect a mapping: which hypervisors, and under which id."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  hypervisor_id:
    description:
      - Which property of a hypervisor becomes its RV(ignore:id).
      - Not every backend has a V(hwuuid); a value that the backend does not have is refused.
      - Changing it for hypervisors that have been reported before can make them appear twice at the receiver.
    type: str
    choices: [uuid, hwuuid, hostname]
    default: uuid
  filter_type:
    description:
      - How the patterns of the four filters are written.
      - A pattern always stands for the whole name, and case does not matter.
    type: str
    choices: [wildcards, regex]
    default: wildcards
  filter_hosts:
    description:
      - Report only hypervisors whose id matches one of these patterns. An empty list filters nothing.
    type: list
    elements: str
    default: []
  exclude_hosts:
    description:
      - Do not report hypervisors whose id matches one of these patterns. It wins over O(filter_hosts).
    type: list
    elements: str
    default: []
  filter_host_parents:
    description:
      - Report only hypervisors of which a parent, for example the cluster, matches one of these patterns by its name
        or its native id.
    type: list
    elements: str
    default: []
  exclude_host_parents:
    description:
      - Do not report hypervisors of which a parent matches one of these patterns by its name or its native id. It
        wins over all other filters.
    type: list
    elements: str
    default: []
"""
