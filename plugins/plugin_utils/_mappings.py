# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Mappings as filters meet them. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping, parse_mappings
from ansible_collections.virtmap.core.plugins.plugin_utils._inert import inert


def read_mappings(value: t.Any) -> list[Mapping]:
    """One mapping or a list of mappings, in the shape of the fact.

    Raises:
        InvalidInput: it is not in shape.
    """
    return parse_mappings(value) if isinstance(value, (list, tuple)) else [parse_mapping(value)]


def as_filter(name: str, function: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    """A function of ours as a filter: its errors become Ansible's, its texts are inert."""

    def run(*args: t.Any, **kwargs: t.Any) -> t.Any:
        try:
            return inert(function(*args, **kwargs))
        except InvalidInput as exc:
            raise AnsibleFilterError(f"virtmap.core.{name}: {exc.message}") from exc

    return run
