# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""virt-who's filters in our options. Private to this collection; pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import compile_patterns
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.text import items

Warn = t.Callable[[str], None]
_ALIASES = {"filter_host_uuids": "filter_hosts", "exclude_host_uuids": "exclude_hosts"}
_NAMES = ("filter_hosts", "exclude_hosts", "filter_host_parents", "exclude_host_parents")
KEYS = (*_NAMES, *_ALIASES, "filter_type")
# Matches no id, because none holds a line break.
NOTHING = "\n"
_ONLY_IN_REGEX = re.compile(r"[\^$|()+\\{}]|\.\*")


def variables(values: t.Mapping[str, str], kind: str, strict: bool, warn: Warn) -> dict[str, t.Any]:
    """The variables for the filter keys of a section.

    Args:
        strict: an empty list of a filter drops every hypervisor, as in virt-who; else it filters nothing.

    Raises:
        InvalidInput: a list or a pattern is wrong.
    """
    lists = _lists(values, kind)
    filter_type = _filter_type(values, lists, warn)
    found: dict[str, t.Any] = {}
    for name, patterns in lists.items():
        if name.endswith("parents"):
            patterns = [_parent_pattern(pattern, filter_type) for pattern in patterns]
        if not patterns and name.startswith("filter"):
            if strict:
                patterns = [NOTHING]
            else:
                warn(
                    f"{name} is empty and filters nothing; virt-who would drop every hypervisor (strict_compatibility keeps that)"
                )
        if patterns:
            compile_patterns(name, patterns, filter_type)
            found[f"gather_{name}"] = patterns
    if found:
        found["gather_filter_type"] = filter_type
    return found


def _lists(values: t.Mapping[str, str], kind: str) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for key, name in ((key, _ALIASES.get(key, key)) for key in (*_ALIASES, *_NAMES)):
        if key not in values or (name.endswith("parents") and kind != "esx"):
            continue
        try:
            lists[name] = items(values[key])
        except InvalidInput as exc:
            raise InvalidInput(f"its {key} cannot be read: {exc.message}") from exc
    return lists


def _filter_type(values: t.Mapping[str, str], lists: dict[str, list[str]], warn: Warn) -> str:
    given = values.get("filter_type")
    if given in ("wildcards", "regex"):
        return given
    if given:
        raise InvalidInput(f"its filter_type {shown(given)} is neither wildcards nor regex")
    # Without a type virt-who takes what matches either way; one of the two is what was meant.
    patterns = [pattern for name in ("filter_hosts", "exclude_hosts") for pattern in lists.get(name, ())]
    regex = [pattern for pattern in patterns if _ONLY_IN_REGEX.search(pattern)]
    if regex:
        warn(
            f"it names no filter_type; {shown(regex[0])} is taken for a regular expression, and so are its other patterns"
        )
    return "regex" if regex else "wildcards"


def _parent_pattern(pattern: str, filter_type: str) -> str:
    """In virt-who a star is the only special sign of a parent's pattern, whatever the type."""
    return pattern if filter_type == "wildcards" else ".*".join(re.escape(part) for part in pattern.split("*"))
