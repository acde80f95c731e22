# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Ways in: server and token, kubeconfig in all its forms, the service account of a pod."""

from __future__ import annotations

import base64
import json
import os
import stat
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt import access, kubeconfig
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    CannotConnect,
    Denied,
    InvalidInput,
    MissingLibrary,
)
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers._proxy import ProxyServer
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.kubevirt import (
    Account,
    Cluster,
    Instance,
    KubernetesServer,
    Node,
    exec_user,
    printing,
    write_kubeconfig,
)
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._backends.kubevirt.conftest import (
    TOKEN,
    Collector,
    Serve,
)


@pytest.fixture
def server(serve: Serve, authority: CertificateAuthority) -> KubernetesServer:
    """An API server over TLS that takes a token and client certificates."""
    cluster = Cluster([Node()], [Instance()])
    accounts = (Account(token=TOKEN), Account("jane"))
    return serve(cluster, *accounts, tls=authority.server_context(client_ca=authority))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def trusted(authority: CertificateAuthority) -> dict[str, t.Any]:
    return {"certificate-authority": authority.path}


# -- credentials of a kubeconfig


def test_a_token(gather: Collector, server: KubernetesServer, authority: CertificateAuthority, tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "config", server.url, {"token": TOKEN}, **trusted(authority))
    mapping = gather(kubeconfig=str(path))
    assert (mapping.guest_count, mapping.source) == (1, f"127.0.0.1:{server.port}")
    assert mapping.extra == {"namespaces": None}, "the namespace of the context does not limit what is read"
    assert gather.warnings == []


def test_a_token_in_a_file_beside_it(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    path = write_kubeconfig(tmp_path / "config", server.url, {"tokenFile": "token"}, **trusted(authority))
    assert gather(kubeconfig=str(path)).guest_count == 1


@pytest.mark.parametrize("inline", [False, True])
def test_a_client_certificate(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority, tmp_path: Path, temporary: Path,
    inline: bool,
) -> None:  # fmt: skip
    pair = authority.issue_client("jane")
    user: dict[str, t.Any] = {"client-certificate": pair.cert, "client-key": pair.key}
    cluster = trusted(authority)
    if inline:
        user = {"client-certificate-data": encoded(pair.cert), "client-key-data": encoded(pair.key)}
        cluster = {"certificate-authority-data": encoded(authority.path)}
    path = write_kubeconfig(tmp_path / "config", server.url, user, **cluster)
    assert gather(kubeconfig=str(path)).guest_count == 1
    assert [entry.header("Authorization") for entry in server.log.entries] == [None] * 3
    assert list(temporary.iterdir()) == [], "the key is not left behind"


def test_what_is_written_for_a_while_is_for_this_user_only(
    authority: CertificateAuthority, tmp_path: Path, temporary: Path
) -> None:
    pair = authority.issue_client("jane")
    user = {"client-certificate-data": encoded(pair.cert), "client-key-data": encoded(pair.key)}
    path = write_kubeconfig(tmp_path / "config", "https://192.0.2.1", user)
    with kubeconfig.loaded(str(path), None, 10) as found:
        assert found.client_key is not None
        assert Path(found.client_key).read_text(encoding="utf-8") == pair.key_pem
        (folder,) = temporary.iterdir()
        assert Path(found.client_key).parent == folder
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    # Once more: the library remembers files that it made, which are gone.
    with kubeconfig.loaded(str(path), None, 10) as found:
        assert found.client_key is not None
        assert Path(found.client_key).read_text(encoding="utf-8") == pair.key_pem


@pytest.mark.parametrize("kind", ["token", "certificate"])
def test_a_credential_plugin(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority, tmp_path: Path, temporary: Path,
    kind: str,
) -> None:  # fmt: skip
    pair = authority.issue_client("jane")
    given = {"token": TOKEN}
    if kind == "certificate":
        given = {"clientCertificateData": pair.cert_pem, "clientKeyData": pair.key_pem}
    user = exec_user(tmp_path, printing(**given))
    path = write_kubeconfig(tmp_path / "config", server.url, user, **trusted(authority))
    assert gather(kubeconfig=str(path)).guest_count == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "script, words",
    [
        (
            "import sys\nsys.exit('log in with: cloud login')\n",
            "failed .*returned 1. log in with: cloud login.*by hand",
        ),
        ("print('not json: hunter2')\n", "gave no credentials that can be used"),
        ("print('{}')\n", "gave no credentials that can be used"),
        (printing(), "gave no credentials that can be used"),
        (printing(clientCertificateData="hunter2"), "gave no credentials that can be used"),
        (printing(token="hunter2").replace("/v1", "/v1beta1"), "gave no credentials .*apiVersion"),
    ],
)
def test_a_credential_plugin_that_fails(
    gather: Collector, server: KubernetesServer, tmp_path: Path, script: str, words: str,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = write_kubeconfig(tmp_path / "config", server.url, exec_user(tmp_path, script))
    with pytest.raises(Denied, match=words) as caught:
        gather(kubeconfig=str(path))
    assert str(path) in caught.value.message
    assert "hunter2" not in caught.value.message
    assert capfd.readouterr().err == ""
    assert server.log.connections == 0, "nothing is asked in the name of nobody"


def test_a_credential_plugin_that_is_not_there(gather: Collector, tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/no/such/plugin"}}
    path = write_kubeconfig(tmp_path / "config", "https://192.0.2.1", user)
    with pytest.raises(Denied, match="cannot be run; check that its command is installed"):
        gather(kubeconfig=str(path))


def test_a_credential_plugin_that_hangs(gather: Collector, tmp_path: Path) -> None:
    script = "import select, sys\nselect.select([], [], [], 5)\n"
    path = write_kubeconfig(tmp_path / "config", "https://192.0.2.1", exec_user(tmp_path, script))
    with pytest.raises(CannotConnect, match="did not end within 1 second; run it by hand"):
        gather(kubeconfig=str(path), timeout=1)


def test_a_user_without_credentials(gather: Collector, server: KubernetesServer, tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "config", server.url, {})
    with pytest.raises(Denied, match="holds no credentials"):
        gather(kubeconfig=str(path))


# -- contexts, files, the environment


def test_a_context_is_chosen(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    path = write_kubeconfig(tmp_path / "config", server.url, {"token": TOKEN}, **trusted(authority))
    document = json.loads(path.read_text(encoding="utf-8"))
    document["contexts"].append({"name": "other", "context": {"cluster": "lab", "user": "nobody"}})
    document["users"].append({"name": "nobody", "user": {"token": "wr0ng"}})
    path.write_text(json.dumps(document), encoding="utf-8")
    assert gather(kubeconfig=str(path), context="admin@lab").guest_count == 1
    with pytest.raises(Denied, match="401"):
        gather(kubeconfig=str(path), context="other")
    with pytest.raises(InvalidInput, match="there is no context third"):
        gather(kubeconfig=str(path), context="third")


def test_several_files(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    whole = write_kubeconfig(tmp_path / "whole", server.url, {"token": TOKEN}, **trusted(authority))
    document = json.loads(whole.read_text(encoding="utf-8"))
    users = {"apiVersion": "v1", "kind": "Config", "users": document.pop("users")}
    (tmp_path / "a").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "b").write_text(json.dumps(users), encoding="utf-8")
    files = os.pathsep.join(str(tmp_path / name) for name in ("a", "b", "missing"))
    assert gather(kubeconfig=files).guest_count == 1
    monkeypatch.setenv("KUBECONFIG", files)
    assert gather().guest_count == 1


def test_the_usual_file_and_its_tilde(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority
) -> None:
    path = Path(os.environ["HOME"]) / ".kube" / "config"
    with pytest.raises(InvalidInput, match="it is not said which cluster to ask"):
        gather()
    with pytest.raises(InvalidInput, match="does not exist"):
        gather(context="admin@lab")
    path.parent.mkdir()
    write_kubeconfig(path, server.url, {"token": TOKEN}, **trusted(authority))
    assert gather().guest_count == 1
    assert gather(kubeconfig="~/.kube/config").guest_count == 1


@pytest.mark.parametrize(
    "text, words",
    [
        ("users: [{name: admin, user: {token: hunter2}}\n", r"it is no YAML \(line 2\)"),
        ("\ttoken: hunter2", r"it is no YAML \(line 1\)"),
        ("- hunter2\n", "not in the form of a kubeconfig"),
        ("hunter2\n", "not in the form of a kubeconfig"),
        ("", "not in the form of a kubeconfig"),
        ("users: [{name: admin, user: {token: hunter2}}]\n", "the key current-context is missing"),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\nclusters: []\n"
            "users: [{name: c, user: {token: hunter2}}]\n",
            "there is no cluster b",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
            "clusters: [{name: b, cluster: {}}]\nusers: [{name: c, user: {token: hunter2}}]\n",
            "its cluster has no server",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
            "clusters: [{name: b, cluster: {server: 'https://192.0.2.1', certificate-authority: /no/ca.crt}}]\n"
            "users: [{name: c, user: {token: hunter2}}]\n",
            "the file /no/ca.crt does not exist",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\nclusters: [{name: b}]\n"
            "users: [{name: c, user: {token: hunter2}}]\n",
            "the key cluster is missing",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\nclusters: [{name: b, cluster: {}}]\n"
            "users: [{name: c, token: hunter2}]\n",
            "the key user is missing",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
            "clusters: [{name: b, cluster: {server: 'https://u:hunter2@192.0.2.1'}}]\n"
            "users: [{name: c, user: {token: hunter2}}]\n",
            "must not hold a user name or password",
        ),
    ],
)
def test_a_kubeconfig_that_is_broken(gather: Collector, tmp_path: Path, text: str, words: str) -> None:
    """The library's own sentences quote the file, with the token in it."""
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=words) as caught:
        gather(kubeconfig=str(path))
    assert "hunter2" not in caught.value.message
    assert "\n" not in caught.value.message


def test_a_kubeconfig_that_cannot_be_read(gather: Collector, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Is a directory"):
        gather(kubeconfig=str(tmp_path))


def test_without_the_library(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It is needed for a kubeconfig only."""
    monkeypatch.setattr(kubeconfig, "LIBRARY_ERROR", "Traceback")
    path = write_kubeconfig(tmp_path / "config", server.url, {"token": TOKEN}, **trusted(authority))
    with pytest.raises(MissingLibrary) as caught:
        gather(kubeconfig=str(path))
    assert (caught.value.library, caught.value.reason) == ("kubernetes", "to read a kubeconfig")
    assert gather(server, ca_path=str(authority.path)).guest_count == 1


# -- TLS and proxies


def test_a_kubeconfig_that_asks_not_to_verify(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    path = write_kubeconfig(tmp_path / "config", server.url, {"token": TOKEN}, **{"insecure-skip-tls-verify": True})
    with pytest.raises(CannotConnect, match="is not trusted"):
        gather(kubeconfig=str(path))
    assert server.log.entries == []
    assert gather(kubeconfig=str(path), ca_path=str(authority.path)).guest_count == 1
    assert ["validate_certs to false" in warning for warning in gather.warnings] == [True]
    assert gather(kubeconfig=str(path), validate_certs=False).guest_count == 1
    assert gather.warnings == []


def test_a_server_with_another_name_in_its_certificate(
    gather: Collector, serve: Serve, authority: CertificateAuthority, tmp_path: Path
) -> None:
    pair = authority.issue_server(names=["api.example.com"])
    server = serve(Cluster([Node()], [Instance()]), tls=authority.server_context(pair))
    path = write_kubeconfig(tmp_path / "config", server.url, {"token": TOKEN}, **trusted(authority))
    with pytest.raises(CannotConnect, match="is not valid for 127.0.0.1"):
        gather(kubeconfig=str(path))
    named = {**trusted(authority), "tls-server-name": "api.example.com"}
    path = write_kubeconfig(tmp_path / "config", server.url, {"token": TOKEN}, **named)
    assert gather(kubeconfig=str(path)).guest_count == 1
    named["tls-server-name"] = "other.example.com"
    path = write_kubeconfig(tmp_path / "config", server.url, {"token": TOKEN}, **named)
    with pytest.raises(CannotConnect, match="is not valid for"):
        gather(kubeconfig=str(path))


def test_the_proxy_of_a_kubeconfig(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    with ProxyServer() as proxy:
        cluster = {**trusted(authority), "proxy-url": proxy.url}
        path = write_kubeconfig(tmp_path / "config", server.url, {"token": TOKEN}, **cluster)
        assert gather(kubeconfig=str(path)).guest_count == 1
        assert len(proxy.log.entries) == 1
        assert gather(kubeconfig=str(path), proxy="").guest_count == 1
        assert len(proxy.log.entries) == 1, "the option beats the kubeconfig"


# -- server and token


def test_a_server_with_a_client_certificate(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority
) -> None:
    pair = authority.issue_client("jane")
    options = {"server": server.url, "client_cert": str(pair.cert), "client_key": str(pair.key)}
    assert gather(ca_path=str(authority.path), **options).guest_count == 1
    stranger = authority.issue_client("stranger")
    options = {"server": server.url, "client_cert": str(stranger.cert), "client_key": str(stranger.key)}
    with pytest.raises(Denied, match='User "stranger" cannot list'):
        gather(ca_path=str(authority.path), **options)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"server": "api.example.com"}, "server needs token"),
        ({"token": TOKEN}, "token"),
        ({"server": "s", "token": TOKEN, "kubeconfig": "/k"}, "mutually exclusive"),
        ({"server": "s", "token": TOKEN, "context": "c"}, "mutually exclusive"),
        ({"server": "s", "client_key": "/k"}, "client_key"),
        ({"server": "https://u:hunter2@s", "token": TOKEN}, "must not hold a user name"),
        ({"server": "s", "token": "one\ntwo"}, "line break"),
        ({}, "it is not said which cluster to ask"),
    ],
)
def test_options_that_do_not_go_together(gather: Collector, options: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        gather(**options)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    "text, source",
    [
        ("api.example.com", "api.example.com:6443"),
        ("https://api.example.com", "api.example.com:443"),
        ("api.example.com:8443", "api.example.com:8443"),
        ("https://rancher.example.com/k8s/clusters/c-m-1", "rancher.example.com:443/k8s/clusters/c-m-1"),
        ("2001:db8::7", "[2001:db8::7]:6443"),
    ],
)
def test_ports_and_paths(text: str, source: str) -> None:
    options = {"server": text, "token": TOKEN, "client_cert": None, "client_key": None}
    with access._access(options, print) as found:
        assert found.source == source


# -- in a pod


@pytest.fixture
def pod(
    server: KubernetesServer, authority: CertificateAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The files and variables of a pod."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    (folder / "ca.crt").write_text(authority.pem, encoding="utf-8")
    monkeypatch.setattr(access, "SERVICE_ACCOUNT", str(folder))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", server.host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
    return folder


def test_the_service_account_of_a_pod(gather: Collector, server: KubernetesServer, pod: Path) -> None:
    assert gather().guest_count == 1
    (pod / "token").write_text("rotated", encoding="utf-8")
    with pytest.raises(Denied, match="401"):
        gather()
    server.accounts.accounts[0].token = "rotated"
    assert gather().guest_count == 1, "the token is read anew each time"


def test_a_pod_without_a_service_account(gather: Collector, server: KubernetesServer, pod: Path) -> None:
    (pod / "token").unlink()
    with pytest.raises(InvalidInput, match="token of its service account cannot be read"):
        gather()
    (pod / "token").write_text(TOKEN, encoding="utf-8")
    (pod / "ca.crt").unlink()
    with pytest.raises(InvalidInput, match="ca_path .* does not exist"):
        gather()
    assert server.log.connections == 0


def test_a_kubeconfig_beats_the_service_account(gather: Collector, pod: Path, tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1", {"token": TOKEN})
    assert pod.is_dir()
    with pytest.raises(CannotConnect, match="127.0.0.1:1 cannot be reached"):
        gather(kubeconfig=str(path))


def test_a_token_that_expires_on_the_way(
    gather: Collector, server: KubernetesServer, authority: CertificateAuthority
) -> None:
    server.faults.add(faults.status(401, {"message": "Unauthorized"}), path="/api/v1/nodes")
    with pytest.raises(Denied, match="refused the credentials"):
        gather(server, ca_path=str(authority.path))
