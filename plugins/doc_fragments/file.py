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
        or one mapping
        in the form of the fact C(hypervisor_guests).
    type: path
    required: true
"""
