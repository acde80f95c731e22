# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The account that all sides use."""

from __future__ import annotations

USER, PASSWORD = "virtmap@internal", "s3cret-of-virtmap"
