# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects the mapping of a Nutanix cluster, or of all clusters of a Prism Central. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv import v2, v3, v4
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.convert import convert
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.options import PORT
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.rows import Told
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.session import Prism
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Denied
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server

BACKEND = "ahv"
IDS = ("uuid", "hostname")


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: Warn) -> Mapping:
    """Ask a Prism for its hosts and guests.

    Args:
        options: those of the backend.

    Raises:
        InvalidInput: an option is wrong; nothing was contacted.
        MissingLibrary: urllib3 is not installed.
        Denied: the login or a right was refused.
        Partial: a list could not be read as a whole.
        CannotConnect, NotFound, BadAnswer: the server did not answer in full.
    """
    selection.allow_ids(IDS, BACKEND)
    server = parse_server(options["server"], port=options["port"])
    central = options["prism_central"]
    client = HttpClient(
        server,
        what=f"the Prism {'Central' if central else 'Element'} {server.authority}",
        timeout=float(options["timeout"]),
        validate_certs=options["validate_certs"],
        ca_path=options["ca_path"],
        proxy=options["proxy"],
        headers={"Accept": "application/json"},
        username=options["username"],
        password=options["password"],
    )
    with client:
        found = convert(_read(Prism(client), central))
    if found.homeless and not found.hosts:
        raise Denied(
            f"{client.what} shows {found.homeless} running guests to this account, but none of their hosts; "
            "give it a role that may view clusters and hosts, such as Prism Viewer"
        )
    for note in found.notes:
        warn(note)
    return assemble(
        backend=BACKEND,
        source=server.authority.removesuffix(f":{PORT}"),
        hosts=found.hosts,
        selection=selection,
        warn=warn,
        skipped=found.skipped,
        unplaced=found.unplaced,
    )


def _read(prism: Prism, central: bool) -> Told:
    if not central:
        return v2.read(prism)
    return v4.read(prism) if v4.exists(prism) else v3.read(prism)
