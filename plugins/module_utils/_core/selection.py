# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Which hypervisors are reported, and under which id. Private to this collection."""

from __future__ import annotations

import fnmatch
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Host, Hypervisor, Skipped

Patterns = t.Optional[tuple["re.Pattern[str]", ...]]


def compile_patterns(option: str, patterns: t.Sequence[str] | None, filter_type: str) -> Patterns:
    """Turn the values of one filter option into matchers for a whole name, without regard to case.

    Args:
        option: name of the option, for the error.
        patterns: the values as the user gave them.
        filter_type: ``wildcards`` (``*``, ``?``, ``[...]``) or ``regex``.

    Returns:
        None for an empty list: no filter.

    Raises:
        InvalidInput: a pattern is empty or no regular expression.
    """
    if not patterns:
        return None
    compiled = []
    for pattern in patterns:
        if not pattern:
            raise InvalidInput(f"{option} holds an empty pattern; remove it, or write * to match every name")
        # They are matched with whole names, so that a|b means "a" or "b", not "begins with a" or "ends with b".
        text = fnmatch.translate(pattern) if filter_type == "wildcards" else pattern
        try:
            compiled.append(re.compile(text, re.IGNORECASE))
        except (re.error, OverflowError, RecursionError) as exc:
            raise InvalidInput(f"{option} holds {pattern!r}, which is not a regular expression: {exc}") from exc
    return tuple(compiled)


def _matches(patterns: tuple[re.Pattern[str], ...], names: t.Iterable[str]) -> bool:
    return any(pattern.fullmatch(name) for name in names for pattern in patterns)


@dataclass(frozen=True)
class Selection:
    """The common options of all facts modules, validated.

    Attributes:
        hypervisor_id: ``uuid``, ``hwuuid`` or ``hostname``.
    """

    hypervisor_id: str = "uuid"
    filter_hosts: Patterns = None
    exclude_hosts: Patterns = None
    filter_host_parents: Patterns = None
    exclude_host_parents: Patterns = None

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Selection:
        """Build the selection from the options of a module or plugin.

        Raises:
            InvalidInput: a pattern is wrong. Nothing has been contacted by then.
        """
        filter_type = options.get("filter_type") or "wildcards"
        names = ("filter_hosts", "exclude_hosts", "filter_host_parents", "exclude_host_parents")
        patterns = {name: compile_patterns(name, options.get(name), filter_type) for name in names}
        return cls(hypervisor_id=options.get("hypervisor_id") or "uuid", **patterns)

    def allow_ids(self, words: t.Sequence[str], backend: str) -> None:
        """Refuse a ``hypervisor_id`` that the backend has no such id for; backends call this before they contact
        anything.

        Raises:
            InvalidInput: the word is not among ``words``.
        """
        if self.hypervisor_id not in words:
            raise InvalidInput(
                f"hypervisor_id {self.hypervisor_id} does not exist for the backend {backend}; use {' or '.join(words)}"
            )

    def wants(self, hypervisor_id: str, parents: t.Iterable[str]) -> bool:
        """Whether a hypervisor with this id and these names and ids of parents is reported; exclude beats filter."""
        ids = (hypervisor_id,)
        return (
            not (self.exclude_hosts and _matches(self.exclude_hosts, ids))
            and not (self.filter_hosts and not _matches(self.filter_hosts, ids))
            and self.wants_below(parents)
        )

    def wants_below(self, parents: t.Iterable[str]) -> bool:
        """Whether hypervisors with these names and ids of parents are reported at all."""
        parents = tuple(parents)
        if self.exclude_host_parents and _matches(self.exclude_host_parents, parents):
            return False
        return not (self.filter_host_parents and not _matches(self.filter_host_parents, parents))

    def apply(self, hosts: t.Iterable[Host]) -> tuple[list[Hypervisor], list[Skipped]]:
        """Choose the id of each host and drop the hosts that the filters do not want.

        Returns:
            the hypervisors that are reported, and the hosts that have no such id, without those that the filters on
            parents leave out anyway.
        """
        hypervisors: list[Hypervisor] = []
        skipped: list[Skipped] = []
        for host in hosts:
            chosen = host.ids.get(self.hypervisor_id) or ""
            if not chosen.strip():
                if not self.wants_below(host.parents):
                    continue
                reason = f"no {self.hypervisor_id}"
                if self.hypervisor_id in host.missing:
                    reason += f": {host.missing[self.hypervisor_id]}"
                known = (name for name in (host.name, *host.ids.values()) if name and name.strip())
                name = next(known, "(no name)")
                skipped.append(Skipped("host", name, reason))
            elif self.wants(chosen, host.parents):
                hypervisors.append(host.to_hypervisor(chosen))
        return hypervisors, skipped
