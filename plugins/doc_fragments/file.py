# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend file."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  path:
    description:
      - File to read, on the host that the task runs on, in JSON or YAML.
      - It holds either what C(virt-who --print) writes (and its C(fake) backend reads), with the keys of any version,
        or one mapping in the form of the fact C(hypervisor_guests).
    type: path
    required: true
  max_age:
    description:
      - How many seconds ago the mapping may have been collected at the most; an older one fails the task.
      - A file in virt-who's format does not tell when that was, so the last change of the file counts.
      - Without it a mapping of any age is read, also when what writes the file stopped long ago.
    type: int
    version_added: 1.1.0
"""
