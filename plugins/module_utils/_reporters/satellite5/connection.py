# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The two endpoints of one server over one connection. Private to this collection."""

from __future__ import annotations

import time
import typing as t
from dataclasses import replace

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server, parse_server
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import XmlRpcClient, XmlRpcFault

API_PATH = "/rpc/api"
BACKEND_PATH = "/XMLRPC"
# So many exchanges in a row without an answer, or so many timeouts spent on failures in a row, and the server counts as
# dead.
_FAILURES = 2
_WASTE = 1.5


def parse_address(value: str) -> Server:
    """Read the option ``server``, which may end in one of the two paths as virt-who's ``sat_server`` does.

    Raises:
        InvalidInput: it is no host name, address or URL.
    """
    server = parse_server(value, port=None)
    for path in (API_PATH, BACKEND_PATH):
        if server.path.endswith(path):
            return replace(server, path=server.path[: -len(path)].rstrip("/"))
    return server


class Connection:
    """A server that both halves of the work are done at.

    Attributes:
        what: the server, as the beginning of a sentence.
        gone: why no further call makes sense; None while the server works.
    """

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self.server = parse_address(options["server"])
        self.what = f"the Satellite 5 server {self.server.authority}"
        self._timeout = float(options["timeout"])
        self._http = HttpClient(
            self.server,
            what=self.what,
            timeout=self._timeout,
            validate_certs=options["validate_certs"],
            ca_path=options["ca_path"],
            proxy=options["proxy"],
        )
        self._api = XmlRpcClient(self._http, API_PATH)
        self._backend = XmlRpcClient(self._http, BACKEND_PATH)
        self._failures = 0
        self._wasted = 0.0
        # Whether /XMLRPC has answered properly.
        self._registers = False
        self.gone: VirtmapError | None = None

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def hide(self, secret: str) -> None:
        """Never show this text in an error."""
        self._api.hide(secret)
        self._backend.hide(secret)

    def api(self, method: str, *parameters: t.Any) -> t.Any:
        """Call a method of ``/rpc/api``. See XmlRpcClient.call for the errors."""
        return self._call(self._api, method, parameters, repeatable=True)

    def backend(self, method: str, *parameters: t.Any, repeatable: bool = True) -> t.Any:
        """Call a method of ``/XMLRPC``. See XmlRpcClient.call for the errors."""
        return self._call(self._backend, method, parameters, repeatable)

    def _call(self, client: XmlRpcClient, method: str, parameters: tuple[t.Any, ...], repeatable: bool) -> t.Any:
        if self.gone is not None:
            raise self.gone
        began = time.monotonic()
        try:
            answer = client.call(method, *parameters, repeatable=repeatable)
        except XmlRpcFault:
            self._works()
            raise
        except (Denied, NotFound) as exc:
            # Of HTTP, not of the method: the path or the way to it is wrong for every call.
            self.gone = self._with_hint(exc, client)
            raise self.gone from exc
        except (CannotConnect, BadAnswer) as exc:
            error = self._with_hint(exc, client)
            self._failures = self._failures + 1 if isinstance(exc, CannotConnect) else 0
            self._wasted += time.monotonic() - began
            # Whatever is tried next may take as long again, and the whole task has three timeouts for a dead server.
            if self._failures >= _FAILURES or self._wasted > _WASTE * self._timeout:
                self.gone = error
            raise error from exc
        self._works()
        self._registers = self._registers or client is self._backend
        return answer

    def _works(self) -> None:
        self._failures, self._wasted = 0, 0.0

    def _with_hint(self, exc: VirtmapError, client: XmlRpcClient) -> VirtmapError:
        """What a server says that hypervisors can no longer register at."""
        if client is self._api or self._registers or not isinstance(exc, (NotFound, BadAnswer)):
            return exc
        return type(exc)(
            f"{exc.message}; a Uyuni from 2024.07 on answers like this, too, because hypervisors cannot register there"
        )
