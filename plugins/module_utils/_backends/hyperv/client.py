# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects the mapping of Hyper-V hosts. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.convert import convert
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.nodes import (
    Node,
    check_completeness,
    is_down,
    settle,
    without_repeated_hosts,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.options import Wishes, understand
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.reading import Answer, read_all
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

BACKEND = "hyperv"
IDS = ("uuid", "hostname")
# So many sentences of hosts that failed are told in full.
_TOLD_IN_FULL = 3


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: Warn) -> Mapping:
    """Ask Hyper-V hosts for their guests.

    Args:
        options: those of the backend.

    Raises:
        InvalidInput: an option is wrong; nothing was contacted.
        MissingLibrary: pywinrm, lxml, or what a transport needs is not installed.
        Denied: the login or a right was refused.
        CannotConnect, NotFound, BadAnswer: a host did not answer in full.
    """
    selection.allow_ids(IDS, BACKEND)
    wishes = understand(options)
    return to_mapping(read_all(wishes), wishes, selection, warn)


def to_mapping(answers: t.Sequence[Answer], wishes: Wishes, selection: Selection, warn: Warn) -> Mapping:
    """The mapping of what the hosts told.

    Raises:
        VirtmapError: a host failed that is not known to be down.
    """
    nodes: list[Node] = []
    skipped: list[Skipped] = []
    for answer in answers:
        if answer.told is not None:
            host, left_out = convert(answer.told, wishes.guest_order)
            nodes.append(Node(answer.server, answer.told, host))
            skipped += left_out
    skipped += _without_those_down(answers, nodes, warn)
    nodes = without_repeated_hosts(nodes, warn)
    skipped += settle(nodes, warn)
    if len(wishes.servers) > 1:
        check_completeness(wishes.servers, nodes, warn)
    for node in nodes:
        for note in node.told.notes:
            warn(f"{node.told.what}: {note}")
    hosts = [node.host for node in nodes]
    return assemble(backend=BACKEND, source=wishes.source, hosts=hosts, selection=selection, warn=warn, skipped=skipped)


def _without_those_down(answers: t.Sequence[Answer], nodes: t.Sequence[Node], warn: Warn) -> list[Skipped]:
    """An entry for each host that does not answer because it is down, as its cluster says.

    Raises:
        VirtmapError: another host failed; the part that the others told is not passed off as the whole.
    """
    failed: list[VirtmapError] = []
    skipped: list[Skipped] = []
    for answer in answers:
        if answer.error is None:
            continue
        if isinstance(answer.error, CannotConnect) and is_down(answer.server, nodes):
            warn(f"{answer.error.message}; its cluster says that it is down, so the source is read without it")
            skipped.append(
                Skipped("host", answer.server.host, "it does not answer, and its cluster says that it is down")
            )
        else:
            failed.append(answer.error)
    if not failed:
        return skipped
    if len(failed) == 1:
        raise failed[0]
    told = "; ".join(error.message for error in failed[:_TOLD_IN_FULL])
    more = f"; and {len(failed) - _TOLD_IN_FULL} more" if len(failed) > _TOLD_IN_FULL else ""
    message = f"{len(failed)} of {len(answers)} hosts of this source failed: {told}{more}"
    raise type(failed[0])(shown(message, 2000))
