# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The methods of ``/rpc/api`` about channels and distribution maps."""

from __future__ import annotations

import re
import typing as t

from .api import Dispatcher, Key, java_fault, no_permission, unhandled
from .api_methods import missing_permission, moment
from .state import Channel, Database, DistMap, User

#: Label to name.
ARCHS = {
    "channel-ia32": "IA-32",
    "channel-ia64": "IA-64",
    "channel-x86_64": "x86_64",
    "channel-ppc": "PPC",
    "channel-s390x": "s390x",
}
CHECKSUMS = frozenset({"sha1", "sha256", "sha384", "sha512"})
_NAME = re.compile(r"[A-Za-z][\w\s.\-'()/_]{5,255}")
_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{5,}")
_FORBIDDEN = re.compile(r"(rhn|red\s*hat)", re.IGNORECASE)


class Channels:
    """``channel.software``."""

    def __init__(self, database: Database, dispatcher: Dispatcher) -> None:
        """Add the methods to the dispatcher."""
        self.database = database
        dispatcher.add("channel.software.getDetails", self.details, Key, str)
        dispatcher.add("channel.software.getDetails", self.details, Key, int)
        plain = (Key, str, str, str, str, str)
        dispatcher.add("channel.software.create", self.create, *plain)
        dispatcher.add("channel.software.create", self.create, *plain, str)
        dispatcher.add("channel.software.create", self.create, *plain, str, dict)

    def details(self, user: User, which: str | int) -> dict[str, t.Any]:
        """Describe a channel by its label or its number."""
        channel = next((c for c in self.database.channels.values() if which in (c.label, c.id)), None)
        if channel is None or channel.org_id != user.org_id:
            raise java_fault(-210, f"No such channel: {which}")
        return {
            "id": channel.id,
            "label": channel.label,
            "name": channel.name,
            "arch_name": ARCHS[channel.arch_label],
            "arch_label": channel.arch_label,
            "summary": channel.summary,
            "description": "",
            "checksum_label": "sha1",
            "last_modified": moment(channel.modified),
            "maintainer_name": "",
            "maintainer_email": "",
            "maintainer_phone": "",
            "support_policy": "",
            "gpg_key_url": "",
            "gpg_key_id": "",
            "gpg_key_fp": "",
            "contentSources": [],
            "end_of_life": "",
            "parent_channel_label": channel.parent,
            "clone_original": "",
        }

    def create(
        self,
        user: User,
        label: str,
        name: str,
        summary: str,
        arch_label: str,
        parent: str,
        checksum: str = "sha1",
        gpg_key: dict[str, str] | None = None,
    ) -> int:
        """Create a channel; the checks come in the server's order."""
        if not user.has_role("channel_admin"):
            raise no_permission()
        if not summary:
            raise unhandled("edit.channel.invalidchannelsummary")
        if not _NAME.fullmatch(name) or _FORBIDDEN.match(name):
            raise java_fault(1200, f"Invalid channel name: '{name}'")
        if not _LABEL.fullmatch(label) or _FORBIDDEN.match(label):
            raise java_fault(1201, f"Invalid channel label: '{label}'")
        self._check_key(gpg_key or {})
        if any(channel.name == name for channel in self.database.channels.values()):
            raise java_fault(1200, f"The channel name '{name}' is already in use, please enter a different name")
        if label in self.database.channels:
            raise java_fault(1201, f"The channel label '{label}' is already in use, please enter a different name")
        if arch_label not in ARCHS:
            raise unhandled("Invalid architecture label")
        if checksum not in CHECKSUMS:
            raise java_fault(1210, f"Invalid checksum label: {checksum}")
        self._check_parent(parent, arch_label)
        self.database.channels[label] = Channel(
            self.database.number(), label, name, summary, arch_label, user.org_id, parent
        )
        return 1

    @staticmethod
    def _check_key(key: dict[str, str]) -> None:
        if key.get("id") and not re.fullmatch(r"[0-9A-F]{8}", key["id"]):
            raise java_fault(1208, "Invalid GPG key id")
        if key.get("url") and not re.match(r"(https?|file)://", key["url"]):
            raise java_fault(1207, "Invalid GPG key url")

    def _check_parent(self, parent: str, arch_label: str) -> None:
        if not parent:
            return
        channel = self.database.channels.get(parent)
        if channel is None:
            raise unhandled("Parent channel does not exist")
        if channel.parent:
            raise java_fault(1202, f"Invalid parent channel label: {parent}")
        if channel.arch_label != arch_label:
            raise unhandled("Incompatible parent and child channel architectures")


class DistMaps:
    """``distchannel``."""

    def __init__(self, database: Database, dispatcher: Dispatcher) -> None:
        """Add the methods to the dispatcher."""
        self.database = database
        dispatcher.add("distchannel.setMapForOrg", self.set_map, Key, str, str, str, str)
        dispatcher.add("distchannel.listMapsForOrg", self.list_maps, Key)
        dispatcher.add("distchannel.listMapsForOrg", self.list_maps, Key, int)
        dispatcher.add("distchannel.listDefaultMaps", self.list_defaults, Key)

    def set_map(self, user: User, os: str, release: str, arch_name: str, label: str) -> int:
        """Create or update the map of (organisation, release, architecture); an empty label deletes it."""
        if not user.has_role("org_admin"):
            raise missing_permission("Organization Administrator")
        arch_label = next((found for found, name in ARCHS.items() if name == arch_name), None)
        if arch_label is None:
            raise java_fault(1205, f"The channel arch specified ({arch_name}) is invalid.")
        key = (user.org_id, release, arch_label)
        row = next((row for row in self.database.maps if (row.org_id, row.release, row.arch_label) == key), None)
        if not label:
            if row is None:
                raise java_fault(-215, "No such dist channel map")
            self.database.maps.remove(row)
            return 1
        channel = self.database.channels.get(label)
        if channel is None or channel.org_id != user.org_id:
            raise java_fault(-210, f"No such channel: {label}")
        if row is None:
            self.database.maps.append(DistMap(user.org_id, os, release, arch_label, label))
        else:
            row.os, row.channel_label = os, label
        return 1

    def list_maps(self, user: User, org_id: int | None = None) -> list[dict[str, t.Any]]:
        """The maps of an organisation, the defaults included."""
        wanted = user.org_id if org_id is None else org_id
        return [_shown(row) for row in self.database.maps if row.org_id in (None, wanted)]

    def list_defaults(self, _user: User) -> list[dict[str, t.Any]]:
        """The maps that hold where an organisation has none of its own."""
        return [_shown(row) for row in self.database.maps if row.org_id is None]


def _shown(row: DistMap) -> dict[str, t.Any]:
    return {
        "os": row.os,
        "release": row.release,
        "arch_name": ARCHS[row.arch_label],
        "channel_label": row.channel_label,
        "org_specific": "N" if row.org_id is None else "Y",
    }
