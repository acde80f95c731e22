# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""How Candlepin says no."""

from __future__ import annotations

import typing as t


class ApiError(Exception):
    """An answer with a status of 400 or more and a ``displayMessage``."""

    def __init__(
        self, status: int, message: str, *, headers: t.Sequence[tuple[str, str]] = (), **members: t.Any
    ) -> None:
        """``members`` stand next to ``displayMessage`` in the body."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = list(headers)
        self.members = members


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError(400, message)


def not_found(message: str) -> ApiError:
    """404."""
    return ApiError(404, message)


def owner_not_found(key: str) -> ApiError:
    """404, also for an owner that the caller may not see."""
    return ApiError(404, f"Owner with ID(s) {key} could not be found.")


def forbidden() -> ApiError:
    """403."""
    return ApiError(403, "Insufficient permissions")


def unauthorized(message: str = "Invalid Credentials") -> ApiError:
    """401 with the challenge."""
    return ApiError(401, message, headers=[("WWW-Authenticate", "Basic Realm=candlepin")])


def gone(uuid: str) -> ApiError:
    """410: this consumer was here and was deleted."""
    return ApiError(410, f"Unit {uuid} has been deleted", deletedId=uuid)
