# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Who asks, and what the roles that are bound to it allow."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._http import Request, Response
from .errors import forbidden, unauthorized

ANONYMOUS = "system:anonymous"
EVERYTHING = frozenset({"namespaces", "nodes", "virtualmachineinstances", "virtualmachines"})


@dataclass
class Account:
    """A user or service account.

    Attributes:
        token: its bearer token; None for one that shows a client certificate, whose common name is the user's.
        cluster_wide: the resources that a ClusterRoleBinding lets it get and list.
        in_namespaces: the same by RoleBindings.
        verbs: what it may do with them.
    """

    user: str = "system:serviceaccount:virtmap:virtmap"
    token: str | None = None
    cluster_wide: frozenset[str] = EVERYTHING
    in_namespaces: dict[str, frozenset[str]] = field(default_factory=dict)
    verbs: frozenset[str] = frozenset({"get", "list", "watch"})

    def may(self, resource: str, namespace: str | None, verb: str = "list") -> bool:
        """Whether it may read these objects; of all namespaces for None."""
        if verb not in self.verbs:
            return False
        return resource in self.cluster_wide or resource in self.in_namespaces.get(namespace or "", frozenset())


class Accounts:
    """All accounts of a cluster."""

    def __init__(self, *accounts: Account) -> None:
        """Know these."""
        self.accounts = list(accounts)

    def admit(self, request: Request) -> Account | Response:
        """The account that a request comes from, or the answer that refuses it."""
        scheme, _blank, token = request.header("Authorization").partition(" ")
        if scheme:
            known = [account for account in self.accounts if account.token and account.token == token.strip()]
            return known[0] if known and scheme.lower() == "bearer" else unauthorized()
        certificate = request.connection.certificate
        if certificate is not None:
            known = [account for account in self.accounts if account.user == certificate.common_name]
            return known[0] if known else Account(certificate.common_name or "", cluster_wide=frozenset())
        if request.path != "/version":
            # Without credentials everybody is this user, who may see next to nothing.
            return forbidden(f'User "{ANONYMOUS}" cannot get path "{request.path}"')
        return Account(ANONYMOUS, cluster_wide=frozenset())
