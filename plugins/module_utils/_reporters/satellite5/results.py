# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What came out of a report: lists for the result, the sentence of a failure, the diff. Pure.

Private to this collection.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Hypervisor
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.plan import LeftOut, Plan

# How many failed hypervisors the sentence names with their reasons; the result names all.
_NAMED = 5


@dataclass
class Results:
    """What happened to each hypervisor, by its id.

    Attributes:
        registered: got a new profile (may have failed afterwards).
        recovered: had a profile whose system id was fetched from the server.
        notified: the server accepted (in check mode: would be sent) something else than the last time.
        unchanged: the server accepted the same as the last time, or nothing was to be sent.
        failed_hosts: what went wrong, by id.
    """

    registered: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed_hosts: list[dict[str, str]] = field(default_factory=list)
    left_out: list[dict[str, t.Any]] = field(default_factory=list)
    diff: list[dict[str, str]] = field(default_factory=list)
    channel: dict[str, t.Any] | None = None
    channel_changed: bool = False

    def leave_out(self, hypervisor: Hypervisor, entry: LeftOut) -> str:
        """Note a guest that cannot be reported; returns the warning."""
        guest = entry.guest
        self.left_out.append(
            {"hypervisor": hypervisor.id, "uuid": guest.uuid, "name": guest.name, "reason": entry.reason}
        )
        name = shown(guest.name or guest.uuid)
        return f"the guest {name} of hypervisor {shown(hypervisor.id)} was left out: {entry.reason}"

    def fail(self, hypervisor: Hypervisor, reason: str) -> None:
        """Note a hypervisor whose report did not arrive, or not certainly."""
        self.failed_hosts.append({"id": hypervisor.id, "reason": reason})

    @property
    def changed(self) -> bool:
        """Whether the receiving side changed."""
        return bool(self.registered or self.notified or self.channel_changed)

    def to_dict(self, *, with_diff: bool) -> dict[str, t.Any]:
        """The result of the module."""
        result: dict[str, t.Any] = {
            "changed": self.changed,
            "registered": self.registered,
            "recovered": self.recovered,
            "notified": self.notified,
            "unchanged": self.unchanged,
            "failed_hosts": self.failed_hosts,
            "left_out": self.left_out,
            "channel": self.channel,
        }
        if with_diff:
            result["diff"] = self.diff
        return result

    def failure(self, total: int) -> str:
        """The sentence for a report of which something failed."""
        failed = self.failed_hosts
        reasons = {entry["reason"] for entry in failed}
        count = f"{len(failed)} of {total} hypervisors {'was' if len(failed) == 1 else 'were'} not reported"
        if len(reasons) == 1:
            return f"{count} ({listed(entry['id'] for entry in failed)}): {reasons.pop()}"
        told = "; ".join(f"{shown(entry['id'])}: {entry['reason']}" for entry in failed[:_NAMED])
        rest = f"; and {len(failed) - _NAMED} more, see failed_hosts" if len(failed) > _NAMED else ""
        return f"{count}: {told}{rest}"


def difference(name: str, before: t.Mapping[str, str | None] | None, plan: Plan) -> dict[str, str]:
    """What a plan changes, as Ansible shows it.

    Args:
        name: of the profile.
        before: the state words of the guests by uuid that the server holds, None as the word where it does not tell
            (shown as no change); None for a hypervisor that is not registered.
    """
    known = {uuid: plan.states.get(uuid, "") if word is None else word for uuid, word in (before or {}).items()}
    title = shown(name)
    return {
        "before_header": f"{title} (not registered)" if before is None else title,
        "after_header": title,
        "before": _lines(known),
        "after": _lines(plan.states),
    }


def _lines(states: t.Mapping[str, str]) -> str:
    return "".join(f"{uuid} {states[uuid]}".rstrip() + "\n" for uuid in sorted(states))
