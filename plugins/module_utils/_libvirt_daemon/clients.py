# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Choosing clients of a daemon by what they are. Private to this collection."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.model import Client

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
# Options that hold a list; a client has to have one of its values.
LISTS = ("id", "transport", "user", "uid", "pid", "address", "sasl_user", "x509_dn")
CRITERIA = (*LISTS, "read_only", "unauthenticated", "older_than")


@dataclass(frozen=True)
class Criteria:
    """What a client has to be; all that is given has to hold.

    Attributes:
        options: criterion to its value, the given ones only.
        networks: the addresses and networks of ``address``.
    """

    options: t.Mapping[str, t.Any]
    networks: tuple[Network, ...]

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any], where: str = "") -> Criteria:
        """Read the criteria out of options; those that are None were not given.

        Args:
            where: where they stand, for errors, such as ``exclude[0]: ``.

        Raises:
            InvalidInput: a list is empty, which would read as "anybody", an age is not positive, or an address is none.
        """
        given = {name: options[name] for name in CRITERIA if options.get(name) is not None}
        for name in LISTS:
            if given.get(name) == []:
                raise InvalidInput(f"{where}{name} is an empty list; leave it out or name at least one")
        if given.get("older_than", 1) < 1:
            raise InvalidInput(f"{where}older_than is {given['older_than']}, but must be at least 1 second")
        return cls(given, tuple(_network(text, where) for text in given.get("address", [])))

    def __bool__(self) -> bool:
        return bool(self.options)

    def matches(self, client: Client, now: float) -> bool:
        """Whether a client is all that is asked.

        Args:
            now: seconds since the epoch, for its age.
        """
        return all(self._holds(name, wanted, client, now) for name, wanted in self.options.items())

    def _holds(self, name: str, wanted: t.Any, client: Client, now: float) -> bool:
        if name == "address":
            return self._in_networks(client.address)
        if name == "older_than":
            return now - client.connected_at > int(wanted)
        if name == "unauthenticated":
            return client.authenticated is not wanted
        if name == "read_only":
            return client.read_only is wanted
        return getattr(client, name) in wanted

    def _in_networks(self, text: str | None) -> bool:
        if text is None:
            return False
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any(one in network for network in self.networks for one in (address, mapped) if one is not None)


def chosen(clients: t.Iterable[Client], criteria: Criteria, spared: t.Sequence[Criteria], now: float) -> list[Client]:
    """The clients that match and are not spared.

    Args:
        spared: a client that matches any of these is left alone.
    """
    return [
        client
        for client in clients
        if criteria.matches(client, now) and not any(one.matches(client, now) for one in spared)
    ]


def all_spared(options: t.Mapping[str, t.Any]) -> list[Criteria]:
    """The criteria of all entries of the option ``exclude``.

    Raises:
        InvalidInput: an entry says nothing, and would spare everybody.
    """
    spared = [Criteria.from_options(entry, f"exclude[{index}]: ") for index, entry in enumerate(options["exclude"])]
    if not all(spared):
        raise InvalidInput("exclude: an entry names no criterion at all")
    return spared


def _network(text: str, where: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as exc:
        raise InvalidInput(
            f"{where}address {shown(text)} is no IP address and no network such as 192.0.2.0/24"
        ) from exc
