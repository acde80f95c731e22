# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects the mapping of a vCenter or an ESXi. Private to this collection."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.convert import convert
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.faults import BadToken, SessionEnded
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.guests import Wishes
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.properties import Objects
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.retrieve import Retrieval
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.session import Session
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection, compile_patterns

BACKEND = "esx"
_TYPED_ID = re.compile(rf"(\^?)(?:{vim.CLUSTER}|{vim.COMPUTE})-(?=\S)")


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: Warn) -> Mapping:
    """Ask a vCenter or an ESXi for its hosts and guests.

    Args:
        options: those of the backend, and the filters of parents as they were written.

    Raises:
        InvalidInput: an option is wrong; nothing was contacted.
        MissingLibrary: lxml or urllib3 is not installed.
        Denied: the login or a right was refused.
        CannotConnect, NotFound, BadAnswer: the server did not answer in full.
    """
    wanted = untyped_parents(options, selection)
    session = Session(options, warn)
    failure: BaseException | None = None
    try:
        session.open()
        retrieval, objects = _read(session, options)
        return to_mapping(session, objects, options, wanted, warn, retrieval.root_hidden)
    except BaseException as exc:
        failure = exc
        raise
    finally:
        session.close(failure)


def _read(session: Session, options: t.Mapping[str, t.Any]) -> tuple[Retrieval, Objects]:
    """Read all objects; begun anew once when the session ends meanwhile or a page cannot be continued."""
    what = wanted_paths(session, options)
    first = Retrieval(session, what)
    try:
        return first, first.read()
    except (SessionEnded, BadToken) as exc:
        if isinstance(exc, SessionEnded):
            session.renew()
    second = Retrieval(session, what)
    return second, second.read()


def wanted_paths(session: Session, options: t.Mapping[str, t.Any]) -> vim.Paths:
    """The properties to read from this server with these options."""
    return vim.paths(templates=options["include_templates"], vcls=options["include_vcls"], esxi=session.esxi)


def to_mapping(
    session: Session,
    objects: Objects,
    options: t.Mapping[str, t.Any],
    selection: Selection,
    warn: Warn,
    root_hidden: bool,
) -> Mapping:
    """The mapping of what was read, with a warning for all that the user should look at."""
    wishes = Wishes(options["uuid_order"] == "guest", options["include_templates"], options["include_vcls"])
    found = convert(objects, wishes, session.root.id, root_hidden, session.esxi)
    for note in found.notes:
        warn(f"{session.what}: {note}")
    if session.esxi and selection.hypervisor_id == "hwuuid":
        warn(f"{session.what}: the hwuuid of every ESXi that is asked directly is ha-host; use uuid or hostname")
    return assemble(
        backend=BACKEND,
        source=session.source,
        hosts=found.hosts,
        selection=selection,
        warn=warn,
        skipped=found.skipped,
        unplaced=found.unplaced,
    )


def untyped_parents(options: t.Mapping[str, t.Any], selection: Selection) -> Selection:
    """The selection, with parents' ids as PowerCLI prints them (``ClusterComputeResource-domain-c7``) understood.

    Raises:
        InvalidInput: a pattern is wrong.
    """
    filter_type = options.get("filter_type") or "wildcards"
    stripped: dict[str, t.Any] = {}
    for name in ("filter_host_parents", "exclude_host_parents"):
        patterns = options.get(name) or []
        if any(_TYPED_ID.match(pattern) for pattern in patterns):
            plain = [_TYPED_ID.sub(r"\1", pattern, count=1) for pattern in patterns]
            stripped[name] = compile_patterns(name, plain, filter_type)
    return dataclasses.replace(selection, **stripped)
