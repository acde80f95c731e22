# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Our backend, as a module runs it."""

from __future__ import annotations

import sys
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.tests.bench.hyperv.account import PASSWORD, USER


def ours(ca_path: str, *urls: str) -> dict[str, t.Any]:
    """The mapping in the shape that is handed out."""
    given = {"server": list(urls), "username": USER, "password": PASSWORD, "timeout": 300}
    options = (OPTIONS + SELECTION).validate({**given, "ca_path": ca_path}, "bench")
    mapping = collect(options, Selection.from_options(options), lambda text: print(text, file=sys.stderr))
    return mapping.to_dict()
