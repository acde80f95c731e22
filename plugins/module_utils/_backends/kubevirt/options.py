# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend kubevirt. Private to this collection."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    PROXY,
    TIMEOUT,
    TLS,
    OptionGroup,
    from_environment,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

OPTIONS = (
    OptionGroup(
        spec={
            "kubeconfig": from_environment("KUBEVIRT_KUBECONFIG", type="path"),
            "context": from_environment("KUBEVIRT_CONTEXT", type="str"),
            "server": from_environment("KUBEVIRT_SERVER", type="str"),
            "token": from_environment("KUBEVIRT_TOKEN", type="str", no_log=True),
            "client_cert": {"type": "path"},
            "client_key": {"type": "path"},
            "namespace": {"type": "list", "elements": "str", "default": []},
            "hypervisor_id_fallback": {"type": "bool", "default": False},
            "include_stopped": {"type": "bool", "default": False},
            "schedulable_only": {"type": "bool", "default": False},
            "cpus_as_sockets": {"type": "bool", "default": False},
            "page_size": {"type": "int", "default": 500},
        },
        mutually_exclusive=(("kubeconfig", "server"), ("context", "server"), ("token", "client_cert")),
        required_by={"token": "server", "client_cert": "server", "client_key": "client_cert"},
    )
    + TIMEOUT
    + TLS
    + PROXY
)
# What Kubernetes allows as the name of a namespace; anything else would change the path of a request.
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Wishes:
    """What is wanted of the cluster.

    Attributes:
        namespaces: those that are read, none twice; empty for all.
        name_fallback: take node names for ids where the account may not list nodes.
        stopped: look for machines without an instance, too.
        schedulable_only: leave out nodes that KubeVirt does not use.
        cpus_as_sockets: tell CPUs as sockets, as virt-who does.
        page_size: objects in one answer at the most.
    """

    namespaces: tuple[str, ...]
    name_fallback: bool
    stopped: bool
    schedulable_only: bool
    cpus_as_sockets: bool
    page_size: int


def understand(options: t.Mapping[str, t.Any]) -> Wishes:
    """Read the options. Nothing is contacted.

    Raises:
        InvalidInput: one is wrong.
    """
    namespaces = tuple(dict.fromkeys(name.strip() for name in options["namespace"]))
    for name in namespaces:
        if not _NAMESPACE.fullmatch(name):
            raise InvalidInput(f"namespace holds {shown(name)!r}, which is no name of a namespace")
    if options["page_size"] < 1:
        raise InvalidInput(f"page_size is {options['page_size']}, but must be at least 1")
    return Wishes(
        namespaces,
        options["hypervisor_id_fallback"],
        options["include_stopped"],
        options["schedulable_only"],
        options["cpus_as_sockets"],
        options["page_size"],
    )
