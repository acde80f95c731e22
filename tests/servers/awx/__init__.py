# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The part of AWX that is configured: its REST API for templates, inventories, credentials and schedules."""

from .server import AwxServer

__all__ = ["AwxServer"]
