# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Errors of the C library as errors of this collection. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

# Error codes of libvirt (virterror.h). The domain is no help: what the daemon raises arrives with that of the
# transport.
INTERNAL_ERROR = 1
NO_SUPPORT = 3
INVALID_ARG = 8
SYSTEM_ERROR = 38
RPC = 39
CONFIG_UNSUPPORTED = 67
ARGUMENT_UNSUPPORTED = 74
NO_SERVER = 95
NO_CLIENT = 96
RPC_DOMAIN = 7


class AdminError(Exception):
    """What the C library said about a call that failed.

    Args:
        code: one of the numbers above.
        domain: the part of libvirt that raised it.
        message: its text, in the language of the daemon or of this process.
    """

    def __init__(self, code: int, domain: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.domain = domain
        self.message = message


def opening_failed(uri: str, error: AdminError) -> VirtmapError:
    """Why no connection came about, and what to do."""
    said = shown(error.message)
    if error.code in (INVALID_ARG, CONFIG_UNSUPPORTED):
        return InvalidInput(f"{uri}: libvirt does not accept this address: {said}")
    if error.code == SYSTEM_ERROR and "ermission denied" in error.message:
        return Denied(
            f"{uri}: this user may not use the admin socket of the daemon, so run the task as the user of the "
            f"daemon: {said}"
        )
    if error.code == SYSTEM_ERROR and "ailed to connect" in error.message:
        return CannotConnect(f"{uri}: the daemon does not run, or has its admin socket elsewhere: {said}")
    # The daemon ends the connection of any user but its own, root included, without a word.
    return Denied(
        f"{uri}: the daemon closed the connection, as it does for every user but its own, so run the task as the "
        f"user of the daemon: {said}"
    )


def call_failed(uri: str, doing: str, error: AdminError, alive: bool) -> VirtmapError:
    """Why a call on an open connection failed, and what to do.

    Args:
        doing: what was being done, completes "while".
        alive: whether the connection is still there.
    """
    said = shown(error.message)
    if not alive:
        return CannotConnect(
            f"{uri}: the daemon ended the connection while {doing}, look at its log and try again: {said}"
        )
    if error.code == NO_SERVER:
        return NotFound(f"{uri}: the daemon has no such server, libvirt_daemon_info lists those it has: {said}")
    if error.code in (INVALID_ARG, ARGUMENT_UNSUPPORTED):
        return InvalidInput(f"{uri}: the daemon refused this while {doing} and changed nothing: {said}")
    if error.code in (NO_SUPPORT, RPC):
        return BadAnswer(f"{uri}: the daemon is too old for this, or speaks another protocol, while {doing}: {said}")
    return BadAnswer(f"{uri}: the daemon failed while {doing}: {said}")
