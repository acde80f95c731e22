# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What ``[system_environment]`` of virt-who's configuration means for a source. Private to this collection; pure."""

from __future__ import annotations

import typing as t
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server

Warn = t.Callable[[str], None]
# Hyper-V is spoken to over plain HTTP by default, for which virt-who never uses a proxy.
_BACKENDS = frozenset({"esx", "ahv", "ovirt", "xenserver"})


def source_proxy(environment: t.Mapping[str, str], variables: t.Mapping[str, t.Any], warn: Warn) -> str | None:
    """The proxy that virt-who would ask this source through; None for none.

    virt-who uses one proxy for everything: ``https_proxy``, or ``http_proxy`` where only that is set.
    """
    proxy = environment.get("https_proxy") or environment.get("http_proxy")
    if not proxy or variables.get("gather_backend") not in _BACKENDS:
        return None
    try:
        host = parse_server(str(variables.get("gather_server", "")), port=443).host
    except InvalidInput:
        return None  # the module says what is wrong with the server
    if proxy_bypass_environment(host, {"no": environment.get("no_proxy", "")}):
        return None
    if "@" in proxy:
        warn("the proxy of [system_environment] holds a password and is not used; set gather_proxy for it")
        return None
    return proxy.replace("https:", "http:")
