# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Where the API server is, and with which credentials it is asked. Private to this collection."""

from __future__ import annotations

import contextlib
import os
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.kubeconfig import loaded
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server, parse_server

PORT = 6443
DEFAULT_KUBECONFIG = "~/.kube/config"
# Where a pod finds the credentials of its service account.
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(frozen=True)
class Access:
    """How to reach the API server.

    Attributes:
        authorization: the header that proves who asks; None with a client certificate.
        server_name: the name that the server's certificate must hold, where it is not that of ``server``.
    """

    server: Server
    authorization: str | None = None
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = None
    server_name: str | None = None

    @property
    def source(self) -> str:
        """The server as the mapping names its source; with its path, behind which other clusters may be."""
        return self.server.authority + self.server.path


def connect(options: t.Mapping[str, t.Any], warn: Warn, connections: int = 2) -> tuple[Access, HttpClient]:
    """Find out how to reach the API server; nothing is sent to it yet. A credential plugin may run.

    What is given by an option beats what stands in a kubeconfig.

    Args:
        connections: how many threads will ask it.

    Raises:
        InvalidInput: the options, the kubeconfig or a file that it names cannot be used.
        MissingLibrary: there is a kubeconfig, but not the library that reads it.
        CannotConnect: a credential plugin did not end in time.
        Denied: a credential plugin gave no credentials.
    """
    with _access(options, warn) as access:
        # Files with certificates are read here, within the block: some of them are gone after it.
        client = HttpClient(
            access.server,
            what=f"the Kubernetes API server {access.server.authority}",
            timeout=float(options["timeout"]),
            validate_certs=options["validate_certs"],
            ca_path=options["ca_path"] or access.ca_path,
            client_cert=access.client_cert,
            client_key=access.client_key,
            proxy=options["proxy"] if options["proxy"] is not None else access.proxy,
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                **({"Authorization": access.authorization} if access.authorization else {}),
            },
            server_name=access.server_name,
            connections=connections,
        )
    return access, client


@contextlib.contextmanager
def _access(options: t.Mapping[str, t.Any], warn: Warn) -> t.Iterator[Access]:
    if options["server"]:
        yield _given(options)
        return
    path = options["kubeconfig"] or os.environ.get("KUBECONFIG")
    if not path and (options["context"] or os.path.exists(os.path.expanduser(DEFAULT_KUBECONFIG))):
        path = DEFAULT_KUBECONFIG
    if not path:
        yield in_cluster()
        return
    with loaded(path, options["context"], float(options["timeout"])) as found:
        if found.insecure and options["validate_certs"]:
            warn(
                "the kubeconfig asks not to verify the certificate of the API server, which is verified all the same; "
                "set validate_certs to false if it really must not be"
            )
        server = parse_server(found.host, port=None, option="the server of the kubeconfig")
        yield Access(
            server,
            found.authorization,
            found.ca_path,
            found.client_cert,
            found.client_key,
            found.proxy,
            found.server_name,
        )


def _given(options: t.Mapping[str, t.Any]) -> Access:
    if not options["token"] and not options["client_cert"]:
        raise InvalidInput("server needs token, or client_cert with client_key; or give a kubeconfig instead")
    # Only an address without a scheme has the usual port; a URL has that of its scheme, as in a kubeconfig.
    port = None if "://" in options["server"] else PORT
    return Access(
        parse_server(options["server"], port=port),
        f"Bearer {options['token'].strip()}" if options["token"] else None,
        client_cert=options["client_cert"],
        client_key=options["client_key"],
    )


def in_cluster() -> Access:
    """The access of a pod by its service account.

    Raises:
        InvalidInput: this is no pod, or its files are missing.
    """
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise InvalidInput(
            "it is not said which cluster to ask: give kubeconfig, or server with token. There is no ~/.kube/config "
            "and KUBECONFIG is not set, and this is no pod of a cluster"
        )
    path = os.path.join(SERVICE_ACCOUNT, "token")
    try:
        with open(path, encoding="utf-8") as file:
            token = file.read().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidInput(
            f"this is a pod of a cluster, but the token of its service account cannot be read from {path}; "
            "give the pod a service account, or give kubeconfig"
        ) from exc
    bracketed = f"[{host}]" if ":" in host else host
    server = parse_server(f"https://{bracketed}:{port}", port=None, option="KUBERNETES_SERVICE_HOST")
    return Access(server, f"Bearer {token}", os.path.join(SERVICE_ACCOUNT, "ca.crt"))
