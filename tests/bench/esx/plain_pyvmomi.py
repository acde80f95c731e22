# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The plainest script with pyvmomi that reads a mapping in bulk: a container view and RetrieveContents."""

from __future__ import annotations

import importlib
import typing as t
from urllib.parse import urlsplit

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim as ours

# It has no types that a checker could use.
connect: t.Any = importlib.import_module("pyVim.connect")
library: t.Any = importlib.import_module("pyVmomi")
vim, vmodl = library.vim, library.vmodl


def plain_pyvmomi(url: str) -> dict[str, list[tuple[str, str, str]]]:
    """Read hosts and machines, and place the machines."""
    where = urlsplit(url)
    instance = connect.SmartConnect(
        protocol=where.scheme,
        host=where.hostname,
        port=where.port,
        user="user",
        pwd="password",
        connectionPoolTimeout=-1,
    )
    content = instance.RetrieveContent()
    wanted = ours.paths(templates=True, vcls=True, esxi=False)
    types = {
        "Folder": vim.Folder,
        "Datacenter": vim.Datacenter,
        "ComputeResource": vim.ComputeResource,
        "ClusterComputeResource": vim.ClusterComputeResource,
        "HostSystem": vim.HostSystem,
        "VirtualMachine": vim.VirtualMachine,
    }
    view = content.viewManager.CreateContainerView(content.rootFolder, list(types.values()), True)
    collector = vmodl.query.PropertyCollector
    follow = collector.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
    spec = collector.FilterSpec(
        objectSet=[collector.ObjectSpec(obj=view, skip=True, selectSet=[follow])],
        propSet=[collector.PropertySpec(type=types[kind], pathSet=list(paths)) for kind, paths in wanted.items()],
    )
    objects: list[t.Any] = content.propertyCollector.RetrieveContents([spec])
    placed: dict[str, list[tuple[str, str, str]]] = {}
    for found in objects:
        properties = {item.name: item.val for item in found.propSet}
        if isinstance(found.obj, vim.VirtualMachine) and "runtime.host" in properties:
            guest = (properties["config.uuid"], properties["name"], properties["runtime.powerState"])
            placed.setdefault(properties["runtime.host"]._moId, []).append(guest)
    view.Destroy()
    connect.Disconnect(instance)
    return placed
