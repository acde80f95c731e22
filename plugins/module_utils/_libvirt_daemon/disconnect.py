# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Ending connections of clients by what they are. Private to this collection."""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, InvalidInput, told
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.clients import Criteria, all_spared, chosen
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.connection import AdminConnection, connect
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.limits import MOST_CLIENTS, check_range
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.model import Client
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.uri import ADMIN_SERVER

_POLL_SECONDS = 0.02


def disconnect(run: Run) -> dict[str, t.Any]:
    """Make it so that none of the clients that match now is connected any more.

    Args:
        run: with the options of clients, ``daemon_server`` and ``max_disconnects``.

    Returns:
        the result of the module: ``disconnected`` and ``left`` (had gone by themselves), lists of clients.

    Raises:
        VirtmapError: one of the family; its result names the clients that were disconnected before.
    """
    criteria, spared = Criteria.from_options(run.options), all_spared(run.options)
    if not criteria:
        raise InvalidInput("say which clients are to be disconnected; without any criterion it would be all of them")
    most = MOST_CLIENTS if run.options["max_disconnects"] is None else run.options["max_disconnects"]
    check_range("max_disconnects", most, MOST_CLIENTS)
    server = run.uri.server(run.options["daemon_server"])
    result: dict[str, t.Any] = {"changed": False, "disconnected": [], "left": []}
    with connect(run.uri, run.timeout) as daemon:
        clients = chosen(daemon.clients(server), criteria, spared, time.time())
        matching = clients if server != ADMIN_SERVER else _without_own(clients, daemon)
        if len(matching) > most:
            raise InvalidInput(
                f"server {server}: {len(matching)} clients match, but max_disconnects is {most}, so that none was "
                "disconnected: "
                f"{listed(matching)}",
                {"matching": [client.to_dict() for client in matching]},
            )
        with told(result):
            for client in matching:
                closed = run.check_mode or daemon.close_client(server, client.id)
                result["disconnected" if closed else "left"].append(client.to_dict())
                result["changed"] = bool(result["disconnected"])
            if result["changed"] and not run.check_mode:
                _wait_until_gone(daemon, server, matching, run.timeout)
    if run.diff_mode:
        result["diff"] = [{"before": {"clients": result["disconnected"]}, "after": {"clients": []}}]
    return result


def _without_own(clients: list[Client], daemon: AdminConnection) -> list[Client]:
    """The clients of server admin without the connection that this task itself uses.

    Raises:
        InvalidInput: it cannot be told apart; ending it would end the task in the middle.
    """
    own = {client.id for client in daemon.clients(ADMIN_SERVER) if client.pid == os.getpid()}
    if clients and not own:
        raise InvalidInput(
            "server admin: this task cannot tell its own connection from the others, as it sees other process "
            "ids than the daemon, so run "
            "it outside the container"
        )
    return [client for client in clients if client.id not in own]


def _wait_until_gone(daemon: AdminConnection, server: str, closed: list[Client], seconds: float) -> None:
    """Look until none of the clients is listed any more; the daemon ends connections when it comes to it."""
    deadline = time.monotonic() + seconds
    while True:
        ids = daemon.client_ids(server)
        still = [client for client in closed if client.id in ids]
        if not still:
            return
        if time.monotonic() > deadline:
            raise BadAnswer(
                f"server {server}: the daemon accepted the order, but {seconds:g} seconds later these clients are still "
                f"connected: {listed(still)}"
            )
        time.sleep(_POLL_SECONDS)
