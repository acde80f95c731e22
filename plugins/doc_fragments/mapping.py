# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What all facts modules return."""

from __future__ import annotations


class ModuleDocFragment:
    # ansible-core takes no RETURN from a fragment; each module refers to this page of notes instead.
    DOCUMENTATION = r"""
options: {}
notes:
  - The fact is to be read as C(ansible_facts['hypervisor_guests']). Names in it come from the source; treat them as
    text of a stranger.
  - When the source does not answer in full, the task fails and sets no fact.
  - A single host or guest object that cannot be used is left out and named in C(skipped) with the reason.
"""
