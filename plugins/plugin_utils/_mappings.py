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

T = t.TypeVar("T")


def read_mappings(value: t.Any) -> list[Mapping]:
    """One mapping or a list of mappings, in the shape of the fact.

    Raises:
        InvalidInput: it is not in shape.
    """
    return parse_mappings(value) if isinstance(value, (list, tuple)) else [parse_mapping(value)]


def paired(names: t.Sequence[str], what: str, values: t.Sequence[T], of_what: str) -> list[tuple[str, T]]:
    """Each name with the value at its place.

    Raises:
        InvalidInput: there are more of one than of the other; some would be lost without a word.
    """
    if len(names) != len(values):
        raise InvalidInput(f"there are {len(values)} {of_what}, but {len(names)} {what}")
    return list(zip(names, values))


def as_filter(name: str, function: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    """A function of ours as a filter: its errors become Ansible's, its texts are inert."""

    def run(*args: t.Any, **kwargs: t.Any) -> t.Any:
        try:
            return inert(function(*args, **kwargs))
        except InvalidInput as exc:
            raise AnsibleFilterError(f"virtmap.core.{name}: {exc.message}") from exc

    return run
