# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A real ansible-rulebook that runs one of the collection's rulebooks."""

from __future__ import annotations

from .reports import Reports, reporting
from .runner import Rulebook

__all__ = ["Reports", "Rulebook", "reporting"]
