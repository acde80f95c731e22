# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading all that a daemon tells about itself. Private to this collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon import log_settings, model
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.clients import Criteria, all_spared, chosen
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.connection import AdminConnection, connect
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run

SUBSETS = ("threadpool", "client_limits", "clients", "logging", "version")


def gather(run: Run) -> dict[str, t.Any]:
    """Ask a daemon, over one connection.

    Args:
        run: with the options ``gather_subset``, ``daemon_server`` and those of clients.

    Returns:
        the result of the module.

    Raises:
        VirtmapError: one of the family.
    """
    wanted = set(run.options["gather_subset"])
    wanted = set(SUBSETS) if "all" in wanted else wanted
    criteria, spared = Criteria.from_options(run.options), all_spared(run.options)
    only = run.options["daemon_server"]
    result: dict[str, t.Any] = {"changed": False, "uri": run.uri.text, "daemon": run.uri.daemon}
    with connect(run.uri, run.timeout) as daemon:
        names = daemon.server_names()
        if only is not None and only not in names:
            raise NotFound(f"{run.uri.text}: the daemon has no server {shown(only)}, only {listed(names)}")
        result["servers"] = {
            name: _server(daemon, name, wanted, criteria, spared) for name in names if only in (None, name)
        }
        if "version" in wanted:
            result["version"] = daemon.version()
        if "logging" in wanted:
            result["logging"] = log_settings.current(daemon)
    return result


def _server(
    daemon: AdminConnection, name: str, wanted: set[str], criteria: Criteria, spared: list[Criteria]
) -> dict[str, t.Any]:
    about: dict[str, t.Any] = {}
    if "threadpool" in wanted:
        about["threadpool"] = model.threadpool(daemon.threadpool(name))
    if "client_limits" in wanted:
        about["client_limits"] = model.client_limits(daemon.client_limits(name))
    if "clients" in wanted:
        about["clients"] = [client.to_dict() for client in chosen(daemon.clients(name), criteria, spared, time.time())]
    return about
