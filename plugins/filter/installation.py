# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A filter on what is installed beside this collection."""

from __future__ import annotations

import typing as t
from importlib import import_module

from ansible_collections.virtmap.core.plugins.plugin_utils._mappings import as_filter


def missing_collections(value: list[str]) -> list[str]:
    """Those of some collections that Ansible does not find. Its own importer knows all the places where they may be."""
    return [name for name in value if not _is_there(name)]


def _is_there(name: str) -> bool:
    try:
        import_module(f"ansible_collections.{name}")
    except ImportError:
        return False
    return True


class FilterModule:
    """A filter on what is installed."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filters by name."""
        return {"missing_collections": as_filter("missing_collections", missing_collections)}
