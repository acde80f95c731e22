# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A domain of libvirt and its channels. Private to this collection."""

from __future__ import annotations

import functools
import typing as t
import uuid
import xml.etree.ElementTree as ET

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import NO_DOMAIN, Failure, explain
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

# Numbers of libvirt, named here so that this file needs no binding.
OPERATION_INVALID, ARGUMENT_UNSUPPORTED, AGENT_UNRESPONSIVE, AGENT_UNSYNCED, AGENT_COMMAND_TIMEOUT = 55, 74, 86, 97, 111
RUNNING_STATES = (1, 2, 3, 4, 7)
INACTIVE = 2
AWAY = (OPERATION_INVALID, AGENT_UNRESPONSIVE, AGENT_UNSYNCED, AGENT_COMMAND_TIMEOUT)


class Port(t.NamedTuple):
    """A channel of a domain.

    Attributes:
        path: the socket on the host, None where there is none.
        connected: whether the guest has it open; None when libvirt does not know.
    """

    name: str
    path: str | None
    connected: bool | None


class Domain:
    """One domain.

    Args:
        connection: an open connection that may write.
        name: its name or uuid.

    Raises:
        NotFound: there is none.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name
        self.source = f"{name} at {connection.uri.source}"
        self._domain = self._find(name)

    def _find(self, name: str) -> t.Any:
        for lookup in (_by_name, _by_uuid):
            found = self._connection.attempt("looking the guest up", functools.partial(lookup, name))
            if not isinstance(found, Failure):
                if found is not None:
                    return found
            elif found.code != NO_DOMAIN:
                raise explain(found, self._connection.uri, "looking the guest up")
        raise NotFound(
            f"libvirt at {shown(self._connection.uri.source)} has no guest {shown(name)}; check domain and uri"
        )

    def call(self, doing: str, function: t.Callable[[t.Any], t.Any]) -> t.Any:
        """Make one call on libvirt's object, errors raised."""
        return self._connection.call(doing, lambda _conn: function(self._domain))

    def attempt(self, doing: str, function: t.Callable[[t.Any], t.Any], seconds: float | None = None) -> t.Any:
        """Like ``call``, but a refusal is handed over as Failure.

        Args:
            seconds: for a call that takes long by its nature; None for those of the connection.
        """
        return self._connection.attempt(doing, lambda _conn: function(self._domain), seconds)

    def is_running(self) -> bool:
        """Whether it runs now."""
        return self.call("asking for the state", lambda domain: domain.state()[0]) in RUNNING_STATES

    def attach(self, xml: str, flags: int) -> None:
        """Add a device to the running domain, to its definition, or both, as libvirt's flags say."""
        self.call("adding a device", lambda domain: domain.attachDeviceFlags(xml, flags))

    def definition(self, *, inactive: bool = False) -> ET.Element:
        """Its definition as it is now, or as it is to be at its next start."""
        text = self.call("reading the definition", lambda domain: domain.XMLDesc(INACTIVE if inactive else 0))
        try:
            return ET.fromstring(text)  # noqa: S314 - written by libvirt, which escapes what guests choose
        except ET.ParseError as exc:
            raise BadAnswer(
                f"libvirt at {shown(self._connection.uri.source)} sent a definition that is no XML"
            ) from exc

    def ports(self) -> dict[str, Port]:
        """Its channels by the name of their port, as they are now."""
        root = self.definition()
        found = {}
        for channel in root.iterfind("devices/channel"):
            target, source = channel.find("target"), channel.find("source")
            name = target.get("name") if target is not None else None
            if name and target is not None:
                state = target.get("state")
                path = source.get("path") if source is not None else None
                found[name] = Port(name, path, None if state is None else state == "connected")
        return found


def _by_name(name: str, conn: t.Any) -> t.Any:
    return conn.lookupByName(name)


def _by_uuid(name: str, conn: t.Any) -> t.Any:
    try:
        identity = uuid.UUID(name)
    except ValueError:
        return None
    return conn.lookupByUUIDString(str(identity))
