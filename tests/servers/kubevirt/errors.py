# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""How the API server says no: a Status object, but plain text where no API answers at all."""

from __future__ import annotations

import typing as t

from .._http import Response


def status(code: int, reason: str, message: str, **more: t.Any) -> Response:
    """A failure."""
    document = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    return Response.json({**document, "reason": reason, **more, "code": code}, code)


def unauthorized() -> Response:
    """The token is not known."""
    return status(401, "Unauthorized", "Unauthorized")


def forbidden(why: str) -> Response:
    """The account is known, but has no right."""
    return status(403, "Forbidden", f"forbidden: {why}", details={})


def forbidden_resource(user: str, verb: str, resource: str, group: str, namespace: str | None) -> Response:
    """The account has no right to a kind of objects."""
    scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    name = f"{resource}.{group}" if group else resource
    message = f'{name} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{group}" {scope}'
    return status(403, "Forbidden", message, details={"group": group, "kind": resource})


def expired(fresh: str) -> Response:
    """The snapshot behind a continue token is gone."""
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder."
    )
    response = status(410, "Expired", message)
    document = response.whole_body().replace(b'"metadata": {}', f'"metadata": {{"continue": "{fresh}"}}'.encode())
    response.body = document
    return response


def too_old(version: str, oldest: int) -> Response:
    """What happened since this version is forgotten."""
    return status(410, "Expired", f"too old resource version: {version} ({oldest})")


def bad_token() -> Response:
    """The continue token is none of this server's."""
    return status(400, "BadRequest", "continue key is not valid: encoding/base64: illegal base64 data at input byte 0")


def no_such_path() -> Response:
    """No API of this path."""
    return Response.text("404 page not found\n", 404)
