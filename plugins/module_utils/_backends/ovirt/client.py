# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects the mapping of an oVirt or RHV engine. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.convert import convert
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.engine import Engine
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.options import check_options
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.reading import read_fleet
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlstream import require_lxml

BACKEND = "ovirt"


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: Warn) -> Mapping:
    """Ask an engine for its hosts and guests.

    Args:
        options: those of the backend.

    Raises:
        InvalidInput: an option is wrong; nothing was contacted.
        MissingLibrary: lxml or urllib3 is not installed.
        Denied: the login, the token or a right was refused.
        CannotConnect, NotFound, BadAnswer, Partial: the engine did not answer in full.
    """
    check_options(options)
    require_lxml("to read the answers of an engine")
    engine = Engine(options, warn)
    failure: BaseException | None = None
    try:
        engine.open()
        found = convert(read_fleet(engine, options["page_size"]))
    except BaseException as exc:
        failure = exc
        raise
    finally:
        engine.close(failure)
    for note in found.notes:
        warn(f"{engine.what}: {note}")
    return assemble(
        backend=BACKEND,
        source=engine.source,
        hosts=found.hosts,
        selection=selection,
        warn=warn,
        skipped=found.skipped,
        unplaced=found.unplaced,
    )
