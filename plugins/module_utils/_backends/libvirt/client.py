# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collects the mapping of one libvirt daemon. Private to this collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt import convert
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import (
    CONFIG_UNSUPPORTED,
    NO_SUPPORT,
    Failure,
    Transient,
    explain,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.guests import list_guests
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import Uri, parse_uri
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Host, Mapping, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

T = t.TypeVar("T")
# A daemon that is restarted, for example by an update, is back within seconds.
ATTEMPTS = 3
FIRST_PAUSE = 1.0
# Where the machine's own identity stands, for a daemon on the machine that this runs on.
IDENTITY_FILES = ("/sys/class/dmi/id/product_uuid", "/etc/machine-id")


class Reading(t.NamedTuple):
    """What one daemon told.

    Attributes:
        warnings: sentences for the user; kept until the reading is complete, because a reading may be repeated.
    """

    host: Host
    skipped: list[Skipped]
    warnings: list[str]


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: Warn) -> Mapping:
    """Ask one daemon for its host and its guests.

    Args:
        options: ``uri``, ``username``, ``password``, ``timeout``.

    Raises:
        InvalidInput: an option is wrong; nothing was contacted.
        MissingLibrary: the Python binding of libvirt is not installed.
        CannotConnect, Denied, NotFound, BadAnswer: see errors.RULES; NotFound also when the host lacks the wanted id.
    """
    selection.allow_ids(("uuid", "hostname"), "libvirt")
    uri = parse_uri(options["uri"])
    connection = connection_to(uri, options)
    reading = with_retries(connection, lambda: read(connection, selection.hypervisor_id))
    return to_mapping(connection, reading, selection, warn)


def connection_to(uri: Uri, options: t.Mapping[str, t.Any]) -> Connection:
    """A connection with the options of the backend, not opened yet."""
    return Connection(
        uri,
        timeout=float(options["timeout"]),
        username=options.get("username"),
        password=options.get("password"),
    )


def to_mapping(connection: Connection, reading: Reading, selection: Selection, warn: Warn) -> Mapping:
    """The mapping of what a daemon told."""
    for warning in reading.warnings:
        warn(warning)
    return assemble(
        backend="libvirt",
        source=connection.uri.source,
        hosts=[reading.host],
        selection=selection,
        warn=warn,
        skipped=reading.skipped,
    )


def with_retries(connection: Connection, read: t.Callable[[], T]) -> T:
    """Connect and read; again when the daemon was away or went away meanwhile."""
    # 3 x timeout + 10 s is what a task may take against a daemon that does not work; no attempt begins too late for it.
    latest_start = time.monotonic() + 2 * connection.timeout + 10
    pause = FIRST_PAUSE
    for _attempt in range(ATTEMPTS - 1):
        try:
            with connection:
                return read()
        except Transient:
            if time.monotonic() + pause > latest_start:
                raise
        time.sleep(pause)
        pause *= 2
    with connection:
        return read()


def read(connection: Connection, hypervisor_id: str) -> Reading:
    """Ask a daemon, over an open connection, for its host and its guests.

    Raises:
        CannotConnect, Denied, NotFound, BadAnswer: see errors.RULES; NotFound also when the host lacks the wanted id.
    """
    warnings: list[str] = []
    capabilities = convert.parse_capabilities(
        connection.call("reading the capabilities", lambda conn: conn.getCapabilities())
    )
    name = _optional(connection, "the host's name", lambda conn: conn.getHostname(), warnings)
    version = _optional(connection, "the hypervisor's version", lambda conn: conn.getVersion(), warnings)
    sockets = capabilities.sockets
    if sockets is None:
        info = _optional(connection, "the number of sockets", lambda conn: conn.getInfo(), warnings)
        sockets = None if info is None else convert.sockets_of(info)
    kind = connection.call("asking for the hypervisor's type", lambda conn: conn.getType())
    _check_id(connection, hypervisor_id, capabilities.uuid, name, warnings)
    guests, skipped = list_guests(connection)
    host = convert.convert_host(
        uuid=capabilities.uuid,
        name=name,
        kind=kind,
        version=version,
        sockets=sockets,
        guests=guests,
    )
    return Reading(host, skipped, warnings)


def _optional(connection: Connection, what: str, function: t.Callable[[t.Any], T], warnings: list[str]) -> T | None:
    """The answer to a question that the mapping can do without; None when the daemon cannot answer it."""
    answer = connection.attempt(f"asking for {what}", function)
    if not isinstance(answer, Failure):
        return answer
    if answer.code != NO_SUPPORT:
        reason = explain(answer, connection.uri, f"asking for {what}").message
        warnings.append(f"{what} is missing from the mapping: {reason}")
    return None


def _check_id(
    connection: Connection, hypervisor_id: str, uuid: str | None, name: str | None, warnings: list[str]
) -> None:
    """Refuse a host that lacks the wanted id, and warn of one whose id will not last."""
    source = shown(connection.uri.source)
    if hypervisor_id == "uuid":
        if uuid is None:
            raise NotFound(f"libvirt at {source} has no uuid for its host; set hypervisor_id to hostname")
        if _is_invented(connection, uuid):
            warnings.append(
                f"the host uuid {uuid} of libvirt at {source} comes from no firmware, so it may be random and another "
                "one after each restart of the daemon, and each would be reported as a new hypervisor; set host_uuid "
                "or host_uuid_source in the daemon's configuration (if that is done already, all is well), or set "
                "hypervisor_id to hostname"
            )
    elif name is None:
        raise NotFound(f"libvirt at {source} does not tell the name of its host; set hypervisor_id to uuid")
    elif name.partition(".")[0] == "localhost":
        warnings.append(
            f"the host of libvirt at {source} calls itself {shown(name)}; give it a name of its own, or set "
            "hypervisor_id to uuid, else all hosts with this name are taken for one"
        )


def _is_invented(connection: Connection, uuid: str) -> bool:
    """Whether the daemon may have invented the uuid at its start, as it does when the firmware tells none."""
    if connection.uri.local and uuid in _local_identities():
        return False
    sysinfo = connection.attempt("reading the system information", lambda conn: conn.getSysinfo())
    if isinstance(sysinfo, Failure):
        return sysinfo.code == CONFIG_UNSUPPORTED
    # With a good uuid in the firmware the daemon takes that one, or the one that it was told to.
    return convert.smbios_uuid(sysinfo) is None


def _local_identities() -> set[str]:
    found = set()
    for path in IDENTITY_FILES:
        try:
            with open(path, encoding="ascii") as stream:
                identity = convert.valid_uuid(stream.read())
        except (OSError, UnicodeDecodeError):
            # Only root may read the firmware's; then the daemon is asked.
            continue
        if identity:
            found.add(identity)
    return found
