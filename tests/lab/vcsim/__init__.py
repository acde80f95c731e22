# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""govmomi's vCenter simulator, built from Debian's packages and started privately."""

from __future__ import annotations

from .build import NotBuilt, binary
from .simulator import Simulator

__all__ = ["NotBuilt", "Simulator", "binary"]
