# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The base channel that hypervisors are registered into, and the map that leads there. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5 import faults
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.certificate import OS_NAME
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.session import ApiSession, Warn
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import XmlRpcFault

# What virt-who registers hypervisors as.
RELEASE = "unknown"
ARCH = "x86_64"
_ARCH_LABEL = "channel-x86_64"
_SUMMARY = "Channel used by virt-who for hypervisor registration"


@dataclass
class ChannelState:
    """What was found, and what was done (in check mode: is to be done) about it.

    Attributes:
        label: of the channel.
        created: the channel was missing.
        map_set: the map was missing.
    """

    label: str
    created: bool = False
    map_set: bool = False

    @property
    def changed(self) -> bool:
        """Whether the server was changed."""
        return self.created or self.map_set

    def to_dict(self) -> dict[str, t.Any]:
        """The state as results show it."""
        return asdict(self)


class BaseChannel:
    """Finds and repairs the channel and its map, at most once in a run.

    Args:
        check_mode: only look.
    """

    def __init__(self, session: ApiSession, warn: Warn, *, check_mode: bool) -> None:
        self._session = session
        self._warn = warn
        self._check_mode = check_mode
        self._failure: VirtmapError | None = None
        self._ready = False
        self.state: ChannelState | None = None

    def ensure(self) -> None:
        """See that hypervisors can be registered; a second call repeats the outcome of the first.

        Raises:
            Denied: the user has not the role for what is missing.
            NotFound, CannotConnect, BadAnswer: see _transport.
        """
        if self._failure is not None:
            raise self._failure
        if not self._ready:
            try:
                self._ensure()
            except CannotConnect:
                raise  # may be over at the next hypervisor
            except VirtmapError as exc:
                self._failure = exc
                raise
            self._ready = True

    def _ensure(self) -> None:
        label = f"hypervisor-base-{self._session.org_id()}"
        self.state = state = ChannelState(label)
        if not self._exists(label):
            state.created = self._check_mode or self._create(label)
        # Looked at whenever hypervisors are to be registered, not only after creating the channel: a run that broke
        # off in between, or a person, may have left the channel without its map.
        if state.created or not self._mapped(label):
            if not self._check_mode:
                self._set_map(label)
            state.map_set = True

    def _exists(self, label: str) -> bool:
        method = "channel.software.getDetails"
        try:
            answer = self._session.raw_call(method, label)
        except XmlRpcFault as exc:
            if exc.code == faults.NO_SUCH_CHANNEL:
                return False
            raise faults.sentence(exc, self._session.what, method) from exc
        if not isinstance(answer, dict):
            raise BadAnswer(f"{self._session.what} answered {method} without a struct; look at the server's log")
        return True

    def _create(self, label: str) -> bool:
        method, name = "channel.software.create", f"Hypervisor Base - {self._session.org_id()}"
        try:
            answer = self._session.raw_call(method, label, name, _SUMMARY, _ARCH_LABEL, "")
        except XmlRpcFault as exc:
            if exc.code in faults.IN_USE and self._exists(label):
                return False  # somebody else was faster
            error = faults.sentence(exc, self._session.what, method)
            if isinstance(error, Denied):
                error = Denied(
                    f"{error.message}: the channel {label} is missing and needs channel_admin and org_admin to be made"
                )
            raise error from exc
        if answer != 1:
            raise BadAnswer(f"{self._session.what} did not create the channel {label}; look at the server's log")
        return True

    def _mapped(self, label: str) -> bool:
        try:
            maps = self._session.records("distchannel.listMapsForOrg")
        except Denied:
            # Not every user may look. Registration itself tells whether there is a map.
            return True
        found = [row for row in maps if row.get("release") == RELEASE and row.get("arch_name") == ARCH]
        found.sort(key=lambda row: row.get("org_specific") != "Y")
        other = found[0].get("channel_label") if found else label
        if other != label:
            self._warn(
                f"{self._session.what} maps release {RELEASE} and {ARCH} to the channel {shown(other)} instead of "
                f"{label}; hypervisors are registered into that channel"
            )
        return bool(found)

    def _set_map(self, label: str) -> None:
        method = "distchannel.setMapForOrg"
        try:
            answer = self._session.call(method, OS_NAME, RELEASE, ARCH, label)
        except Denied as exc:
            raise Denied(
                f"{exc.message}: the distribution channel map of {label} is missing and needs org_admin to be set"
            ) from exc
        if answer != 1:
            raise NotFound(f"{self._session.what} did not set the distribution channel map; look at the server's log")
