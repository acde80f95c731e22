# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""pywinrm, which authenticates and seals, on top of our HTTP, which carries. Private to this collection; imported by
_transport.winrm_session only.
"""

from __future__ import annotations

import logging
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._transport.requests_adapter import Again, DeadlineAdapter

try:
    import requests
    from winrm.transport import Transport
except ImportError:
    # Reported by _transport.winrm_session, which is the only way here.
    Transport = object  # type: ignore[assignment,misc]

# It logs what it raises as well, which without a handler goes to standard error.
logging.getLogger("winrm").addHandler(logging.NullHandler())

# A fault comes with one of these.
FAULT_STATUSES = (400, 500)


def empty_request(url: str) -> requests.PreparedRequest:
    """A request that says nothing, not even who asks."""
    return requests.Request("POST", url).prepare()


class WinrmTransport(Transport):
    """pywinrm's transport with our HTTP beneath."""

    def __init__(self, adapter: DeadlineAdapter, **arguments: t.Any) -> None:
        super().__init__(**arguments)
        self._adapter = adapter

    def build_session(self) -> requests.Session:
        super().build_session()
        return self._prepared()

    def setup_encryption(self, *session: requests.Session) -> None:
        # This makes the first exchange, from within build_session. Releases before 0.5 hand over no session.
        self._prepared()
        super().setup_encryption(*session)

    def _prepared(self) -> requests.Session:
        session = self.session
        if session is None:
            raise AssertionError("there is a session")
        # Not the user's .netrc, nor proxies and CAs of the environment.
        session.trust_env = False
        for prefix in ("http://", "https://"):
            session.mount(prefix, self._adapter)
        return session


class WinrmAdapter(DeadlineAdapter):
    """Sees to it that what was sent under seal is answered under seal.

    Attributes:
        trusted: whether the last answer is from whom the last request was meant for.
    """

    trusted = True

    def send(self, request: requests.PreparedRequest, *args: t.Any, **more: t.Any) -> requests.Response:
        response = super().send(request, *args, **more)
        sealed = _is_sealed(request.headers)
        if response.status_code == 401 and (sealed or self._lost_its_place(request, response)):
            # The connection is another one. The library would authenticate it and send the old message under the
            # old key, which nobody can open; or take the loss for a wrong password.
            raise Again(
                CannotConnect(
                    f"{self._what} broke off the connection on which the account was authenticated; try again, and look at "
                    "the server's log, and for what stands between"
                )
            )
        self.trusted = not sealed or _is_sealed(response.headers)
        if not self.trusted and response.status_code not in FAULT_STATUSES:
            raise BadAnswer(
                f"{self._what} answered a sealed message with one that is not sealed; "
                "look for a proxy or somebody else in between"
            )
        return response

    def _lost_its_place(self, request: requests.PreparedRequest, response: requests.Response) -> bool:
        """Whether a step of the authentication came to a connection that knows nothing of the steps before."""
        sent = str(request.headers.get("Authorization", "")).partition(" ")[0].lower()
        challenges = response.headers.get("WWW-Authenticate", "").lower().split(",")
        goes_on = any(challenge.strip().startswith(f"{sent} ") for challenge in challenges)
        return self.reconnected and sent in ("ntlm", "negotiate", "kerberos", "credssp") and not goes_on


def _is_sealed(headers: t.Mapping[str, str | bytes]) -> bool:
    return str(headers.get("Content-Type", "")).lower().startswith("multipart/")
