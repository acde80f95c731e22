# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Our backend, as a module runs it."""

from __future__ import annotations

import sys
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.tests.bench.ovirt.account import PASSWORD, USER


def ours(ca_path: str, url: str) -> dict[str, t.Any]:
    """The mapping in the shape that is handed out, from whole lists."""
    return _collect(ca_path, url, {})


def paged(ca_path: str, url: str) -> dict[str, t.Any]:
    """The same from pages of five hundred."""
    return _collect(ca_path, url, {"page_size": 500})


def _collect(ca_path: str, url: str, more: dict[str, t.Any]) -> dict[str, t.Any]:
    given = {"server": url, "username": USER, "password": PASSWORD, "timeout": 300, "ca_path": ca_path, **more}
    options = (OPTIONS + SELECTION).validate(given, "bench")
    mapping = collect(options, Selection.from_options(options), lambda text: print(text, file=sys.stderr))
    return mapping.to_dict()
