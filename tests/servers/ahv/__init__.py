# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Prism on a loopback socket: an Element with REST v2, a Central with v4 and v3."""

from __future__ import annotations

from .model import Cluster, Node, Prism, Vm
from .server import AhvServer

__all__ = ["AhvServer", "Cluster", "Node", "Prism", "Vm"]
