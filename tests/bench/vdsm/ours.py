# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Our backend, as a module runs it."""

from __future__ import annotations

import sys
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection


def ours(conf: str) -> dict[str, t.Any]:
    """The mapping in the shape that is handed out."""
    options = (OPTIONS + SELECTION).validate({"vdsm_conf": conf, "timeout": 300}, "bench")
    mapping = collect(options, Selection.from_options(options), lambda text: print(text, file=sys.stderr))
    return mapping.to_dict()
