# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The lists of a cluster, and what to do where the account has no right to one. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.api import Api, Forbidden, S
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.options import Wishes
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Denied, NotFound

MACHINES, INSTANCES, NODES = "virtualmachines", "virtualmachineinstances", "/api/v1/nodes"


def list_machines(api: Api, namespace: str | None, new: t.Callable[[], S]) -> tuple[S, str]:
    """The definitions of a namespace, or of all.

    Raises:
        Denied: the account may not list them.
        NotFound, CannotConnect, BadAnswer: see ``Api.read``; as with the others.
    """
    try:
        return api.read(api.place(MACHINES, namespace), "VirtualMachineList", new)
    except Forbidden as exc:
        raise Denied(f"{exc.message}; give it that right, or leave out include_stopped") from exc


def list_instances(api: Api, namespace: str | None, new: t.Callable[[], S]) -> tuple[S, str]:
    """The instances of a namespace, or of all.

    Raises:
        Denied: the account may not list them.
    """
    try:
        return api.read(api.place(INSTANCES, namespace), "VirtualMachineInstanceList", new)
    except Forbidden as exc:
        advice = "" if namespace else ", or name the namespaces that it may list in namespace"
        raise Denied(f"{exc.message}; give it that right{advice}") from exc


def check_namespace(api: Api, namespace: str, warn: Warn) -> None:
    """Make sure that a namespace without instances exists, which their list does not tell.

    Raises:
        NotFound: it does not.
    """
    there = api.has_namespace(namespace)
    if there is False:
        raise NotFound(f"{api.what} has no namespace {namespace}; check namespace")
    if there is None:
        warn(
            f"{api.what} has no guest in the namespace {namespace}, and the account may not ask whether that exists at "
            "all; check that its name is right"
        )


def list_nodes(api: Api, wishes: Wishes, new: t.Callable[[], S], warn: Warn) -> tuple[S | None, str]:
    """The nodes; None where the account may not list them and their names are to do.

    Raises:
        Denied: the account may not list nodes, and their names are not to do.
    """
    try:
        return api.read(NODES, "NodeList", new)
    except Forbidden as exc:
        if not wishes.name_fallback:
            raise Denied(
                f"{exc.message}; give it that right with a ClusterRole, or set hypervisor_id_fallback to report nodes "
                "under their names"
            ) from exc
        warn(
            f"{exc.message}; nodes are reported under their names, without facts, and those without a guest not at all"
        )
        return None, ""
