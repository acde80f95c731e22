# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What every module of the collection says about how it behaves."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode, and then changes nothing.
  diff_mode:
    description: Returns details on what has changed, or would change in check mode, when diff mode is on.
"""

    # For facts modules; they only read.
    FACTS = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode, and then changes nothing.
    support: full
    details:
      - This module only reads.
  diff_mode:
    description: Returns details on what has changed, or would change in check mode, when diff mode is on.
    support: N/A
    details:
      - This module changes nothing.
  facts:
    description: Returns C(ansible_facts) that are kept for the host that the task runs for.
    support: full
"""

    # For all modules: module_defaults may set their options together.
    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/virtmap.core.virtmap) in C(module_defaults) to set common options of all modules.
    support: full
    membership:
      - virtmap.core.virtmap
"""
