# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a client may ask without showing who it is: the status, and what there is."""

from __future__ import annotations

import typing as t

from .._http import Response, RouteTable
from .app import Call, Candlepin, Route
from .clock import wire_time
from .views import Document

#: From ``rel`` to ``href``. The current releases list these and some more that nobody here asks for.
RESOURCES = {
    "activation_keys": "/activation_keys",
    "admin": "/admin",
    "consumers": "/consumers",
    "content_overrides": "/consumers/{consumer_uuid}/content_overrides",
    "deleted_consumers": "/deleted_consumers",
    "entitlements": "/entitlements",
    "guestids": "/consumers/{consumer_uuid}/guestids",
    "hypervisors": "/hypervisors",
    "jobs": "/jobs",
    "owners": "/owners",
    "pools": "/pools",
    "products": "/products",
    "roles": "/roles",
    "serials": "/serials",
    "status": "/status",
    "users": "/users",
}


def add_routes(routes: RouteTable[Route]) -> None:
    """``GET /status`` and ``GET /``."""
    routes.add("GET", "/status", Route(lambda app, _call: app.respond(status(app)), anonymous=True))
    routes.add("GET", "/", Route(_root, anonymous=True))


def status(app: Candlepin) -> Document:
    """The status document."""
    settings, flavour = app.store.settings, app.flavour
    document: dict[str, t.Any] = {
        "mode": settings.mode,
        "modeReason": settings.mode_reason,
        "modeChangeTime": wire_time(settings.mode_changed),
        "result": settings.healthy and settings.mode == "NORMAL",
        "version": flavour.version,
        "release": flavour.release,
        "standalone": flavour.standalone,
        "timeUTC": wire_time(app.store.clock.now()),
        "rulesSource": "default",
        "rulesVersion": "5.44",
        "managerCapabilities": sorted(settings.capabilities),
    }
    nothing = ("keycloakRealm", "keycloakAuthUrl", "keycloakResource")
    device = ("deviceAuthRealm", "deviceAuthUrl", "deviceAuthClientId", "deviceAuthScope")
    return {**document, **dict.fromkeys(nothing + device)}


def _root(app: Candlepin, _call: Call) -> Response:
    hidden = set() if app.flavour.async_form else {"guestids"}
    return app.respond([{"rel": rel, "href": href} for rel, href in RESOURCES.items() if rel not in hidden])
