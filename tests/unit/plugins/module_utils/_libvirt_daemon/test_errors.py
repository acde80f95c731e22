# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Errors of the library in plain words."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core import errors
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.errors import (
    AdminError,
    call_failed,
    opening_failed,
)

URI = "libvirtd:///system"


@pytest.mark.parametrize(
    ("code", "text", "kind", "said"),
    [
        (38, "Failed to connect socket to '/x': No such file or directory", errors.CannotConnect, "does not run"),
        (38, "Failed to connect socket to '/x': Connection refused", errors.CannotConnect, "does not run"),
        (38, "Failed to connect socket to '/x': Permission denied", errors.Denied, "as the user of the daemon"),
        (38, "Cannot recv data: Connection reset by peer", errors.Denied, "every user but its own"),
        (1, "internal error: client socket is closed", errors.Denied, "every user but its own"),
        (67, "Unsupported URI scheme 'bogus'", errors.InvalidInput, "does not accept this address"),
    ],
)
def test_why_no_connection_came_about(code: int, text: str, kind: type[errors.VirtmapError], said: str) -> None:
    error = opening_failed(URI, AdminError(code, 7, text))
    assert isinstance(error, kind)
    assert error.message.startswith(f"{URI}: ")
    assert said in error.message
    assert error.message.endswith(text)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (95, errors.NotFound),
        (8, errors.InvalidInput),
        (74, errors.InvalidInput),
        (3, errors.BadAnswer),
        (39, errors.BadAnswer),
        (1, errors.BadAnswer),
    ],
)
def test_why_a_call_failed(code: int, kind: type[errors.VirtmapError]) -> None:
    assert isinstance(call_failed(URI, "looking", AdminError(code, 0, "text"), alive=True), kind)
    gone = call_failed(URI, "looking", AdminError(code, 7, "text"), alive=False)
    assert isinstance(gone, errors.CannotConnect)
    assert "the daemon ended the connection while looking" in gone.message


def test_text_of_a_daemon_cannot_forge_a_line() -> None:
    assert "\n" not in call_failed(URI, "looking", AdminError(1, 0, "a\nb\x1b[2J"), alive=True).message
