# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend file. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup

OPTIONS = OptionGroup({"path": {"type": "path", "required": True}, "max_age": {"type": "int"}})
