# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The calls of the vSphere API that are made, as XML, and what is read with them. Private to this collection.

Pure. Children stand in the order of the schema, which real servers insist on.
"""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._transport.soap import element

NAMESPACE = "urn:vim25"
# The oldest version that has all that is read here, so that every server in use answers it.
ACTION = "urn:vim25/5.0"
PATH = "/sdk"

HOST = "HostSystem"
MACHINE = "VirtualMachine"
CLUSTER = "ClusterComputeResource"
COMPUTE = "ComputeResource"
DATACENTER = "Datacenter"
FOLDER = "Folder"

_PLACE_PATHS = ("name", "parent")
_HOST_PATHS = (
    "name",
    "parent",
    "hardware.systemInfo.uuid",
    "hardware.cpuInfo.numCpuPackages",
    # vCenter's own copies, which stay when a host is disconnected and the ones above are unset.
    "summary.hardware.uuid",
    "summary.hardware.numCpuPkgs",
    "config.product.name",
    "config.product.version",
    "summary.config.product.name",
    "summary.config.product.version",
    "config.network.dnsConfig.hostName",
    "config.network.dnsConfig.domainName",
    "runtime.connectionState",
)
MANAGER_PATH = "summary.managementServerIp"
_MACHINE_PATHS = (
    "name",
    "config.uuid",
    "config.version",
    "runtime.host",
    "runtime.powerState",
    "runtime.connectionState",
)
TEMPLATE_PATH = "config.template"
MANAGED_BY_PATH = "config.managedBy.extensionKey"

Paths = dict[str, tuple[str, ...]]


class Reference(t.NamedTuple):
    """A managed object: its type and its id, which is unique within one server."""

    type: str
    id: str

    def xml(self, name: str) -> str:
        """The reference as an element of this name."""
        return element(name, self.id, type=self.type)


INSTANCE = Reference("ServiceInstance", "ServiceInstance")


def paths(*, templates: bool, vcls: bool, esxi: bool) -> Paths:
    """The leaf properties to read, by type of object.

    Args:
        templates, vcls: whether these machines are reported; only to tell them apart more is read.
        esxi: the server is an ESXi, which may tell that a vCenter manages it.
    """
    machine = [*_MACHINE_PATHS]
    machine += [] if templates else [TEMPLATE_PATH]
    machine += [] if vcls else [MANAGED_BY_PATH]
    host = (*_HOST_PATHS, MANAGER_PATH) if esxi else _HOST_PATHS
    return {
        FOLDER: _PLACE_PATHS,
        DATACENTER: _PLACE_PATHS,
        COMPUTE: _PLACE_PATHS,
        CLUSTER: _PLACE_PATHS,
        HOST: host,
        MACHINE: tuple(machine),
    }


def operation(name: str, this: Reference, *parts: str) -> str:
    """A call of a method of a managed object."""
    return f'<{name} xmlns="{NAMESPACE}">{this.xml("_this")}{"".join(parts)}</{name}>'


def login(manager: Reference, username: str, password: str) -> str:
    """Open a session."""
    return operation("Login", manager, element("userName", username), element("password", password))


def create_view(manager: Reference, root: Reference, kinds: t.Iterable[str]) -> str:
    """Make a view of all objects of these types, each of which it shows once."""
    types = "".join(element("type", kind) for kind in kinds)
    return operation("CreateContainerView", manager, root.xml("container"), types, "<recursive>true</recursive>")


def _filter_spec(name: str, what: Paths, view: Reference, root: Reference | None) -> str:
    properties = ""
    for kind, wanted in what.items():
        paths_xml = "".join(element("pathSet", path) for path in wanted)
        properties += f"<propSet>{element('type', kind)}<all>false</all>{paths_xml}</propSet>"
    objects = f"<objectSet>{root.xml('obj')}<skip>false</skip></objectSet>" if root else ""
    follow = (
        '<selectSet xsi:type="TraversalSpec"><name>view</name><type>ContainerView</type><path>view</path>'
        "<skip>false</skip></selectSet>"
    )
    objects += f"<objectSet>{view.xml('obj')}<skip>true</skip>{follow}</objectSet>"
    return f"<{name}>{properties}{objects}</{name}>"


def retrieve(collector: Reference, what: Paths, view: Reference, root: Reference | None, size: int) -> str:
    """Read the first page of the properties of a view's objects.

    Args:
        root: the root folder, which no view of it shows; None to leave it out.
        size: how many objects are wanted at once; a server may send fewer, and old simulators send all.
    """
    spec = _filter_spec("specSet", what, view, root)
    return operation("RetrievePropertiesEx", collector, spec, f"<options>{element('maxObjects', size)}</options>")


def continue_retrieve(collector: Reference, token: str) -> str:
    """Read the next page."""
    return operation("ContinueRetrievePropertiesEx", collector, element("token", token))


def cancel_retrieve(collector: Reference, token: str) -> str:
    """Let the server forget the pages that are not read yet."""
    return operation("CancelRetrievePropertiesEx", collector, element("token", token))


def create_filter(collector: Reference, what: Paths, view: Reference) -> str:
    """Make a filter whose changes can be waited for; a change is always the whole of a leaf property."""
    spec = _filter_spec("spec", what, view, None)
    return operation("CreateFilter", collector, spec, "<partialUpdates>false</partialUpdates>")


def wait_for_updates(collector: Reference, version: str, seconds: int, size: int) -> str:
    """Wait for changes since a version; the empty version means: all that there is, now."""
    options = f"<options>{element('maxWaitSeconds', seconds)}{element('maxObjectUpdates', size)}</options>"
    return operation("WaitForUpdatesEx", collector, element("version", version), options)
