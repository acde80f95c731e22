# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Misbehaviour in Candlepin's own words, besides the general catalogue."""

from __future__ import annotations

import typing as t
import uuid as uuids

from .._http.faults import Fault, status


def api_error(code: int, message: str, headers: list[tuple[str, str]] | None = None, **members: t.Any) -> Fault:
    """An error of the API with this ``displayMessage``."""
    body = {"displayMessage": message, "requestUuid": str(uuids.uuid4()), **members}
    return status(code, body, headers)


def gone_elsewhere(uuid: str | None = None) -> Fault:
    """A 410 about another consumer than the caller (or about ``uuid``)."""
    deleted = uuid or str(uuids.uuid4())
    return api_error(410, f"Unit {deleted} has been deleted", deletedId=deleted)


def user_service_down() -> Fault:
    """The 503 of a server that cannot ask who the user is."""
    return api_error(503, "Error contacting user service")


def cannot_schedule() -> Fault:
    """The 500 of a server that cannot make a job."""
    return api_error(500, 'An unexpected exception occurred while scheduling job "HypervisorUpdateJob"')
