# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""rhsm.conf, and what options make of it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.rhsm_conf import read_rhsm_conf
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.settings import normal_prefix
from ansible_collections.virtmap.core.tests.servers._proxy import ProxyServer
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    host,
    mapping,
)

REPORT = mapping(host("A", ["g1"]))


def write(folder: Path, text: str) -> str:
    path = folder / "rhsm.conf"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_what_the_file_does_not_hold_is_as_subscription_manager_has_it(tmp_path: Path) -> None:
    conf = read_rhsm_conf(write(tmp_path, "# nothing\n"))
    assert (conf.hostname, conf.port, conf.prefix, conf.insecure) == (
        "subscription.rhsm.redhat.com",
        443,
        "/subscription",
        False,
    )
    assert (conf.proxy, conf.no_proxy) == (None, ())
    assert conf.ca_cert_dir == "/etc/rhsm/ca/"
    assert (conf.client_cert, conf.client_key) == ("/etc/pki/consumer/cert.pem", "/etc/pki/consumer/key.pem")


def test_a_file_as_subscription_manager_writes_it(tmp_path: Path) -> None:
    conf = read_rhsm_conf(
        write(
            tmp_path,
            """
[server]
hostname = satellite.example.com
Prefix = /rhsm
port = 8443
insecure = 0
proxy_hostname = proxy.example.com
proxy_port =
proxy_user = web
proxy_password = p@ss:w/ord
no_proxy = *.internal.example.com, localhost

[rhsm]
baseurl= https://cdn.redhat.com
ca_cert_dir = /etc/rhsm/ca/
repo_ca_cert = %(ca_cert_dir)sredhat-uep.pem
consumerCertDir = /etc/pki/consumer
""",
        )
    )
    assert (conf.hostname, conf.port, conf.prefix, conf.insecure) == ("satellite.example.com", 8443, "/rhsm", False)
    assert conf.proxy == "http://web:p%40ss%3Aw%2Ford@proxy.example.com:3128"
    assert conf.no_proxy == (".internal.example.com", "localhost")


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("0", False), ("1", True), ("", False), ("False", False), ("true", True), ("no", False), ("Yes", True)],
)
def test_insecure_is_a_boolean(tmp_path: Path, value: str, meaning: bool) -> None:
    assert read_rhsm_conf(write(tmp_path, f"[server]\ninsecure = {value}\n")).insecure is meaning


@pytest.mark.parametrize(
    ("no_proxy", "name", "proxied"),
    [
        ("", "cp.example.com", True),
        ("*", "cp.example.com", False),
        ("cp.example.com", "CP.example.com", False),
        ("example.com", "cp.example.com", False),
        ("*.example.com", "cp.example.com", False),
        (".example.com", "cp.example.com", False),
        ("ample.com", "cp.example.com", True),
        ("other.com, cp.example.com", "cp.example.com", False),
    ],
)
def test_no_proxy(tmp_path: Path, no_proxy: str, name: str, proxied: bool) -> None:
    conf = read_rhsm_conf(write(tmp_path, f"[server]\nproxy_hostname = proxy\nno_proxy = {no_proxy}\n"))
    assert conf.proxy_for(name) == ("http://proxy:3128" if proxied else "")
    assert read_rhsm_conf(write(tmp_path, f"[server]\nno_proxy = {no_proxy}\n")).proxy_for(name) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hostname = x", "at line 1"),
        ("[server]\nhostname = a\nnonsense s3cret\n", "at line 3"),
        ("[server]\nport = ssl\n", r"port in \[server\] is 'ssl'"),
        ("[server]\nport = 70000\n", "from 1 to 65535"),
        ("[server]\nport = 4²3\n", "from 1 to 65535"),
        ("[server]\nproxy_hostname = p\nproxy_port = x\n", "proxy_port"),
        ("[server]\ninsecure = maybe\n", r"insecure in \[server\] is 'maybe'"),
        ("[server]\nproxy_password = 50%s3cret\n", r"the value of proxy_password in \[server\] has a %"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_without_showing_secrets(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        read_rhsm_conf(write(tmp_path, text))
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        read_rhsm_conf(str(tmp_path / "none"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="not a text"):
        read_rhsm_conf(str(tmp_path / "binary"))


@pytest.mark.parametrize(
    ("prefix", "normal"), [("/rhsm", "/rhsm"), ("rhsm/", "/rhsm"), ("/", ""), ("", ""), (" //a/b/ ", "/a/b")]
)
def test_prefixes_are_normalised(prefix: str, normal: str) -> None:
    assert normal_prefix(prefix) == normal


class TestRegisteredHost:
    """A host that subscription-manager has registered."""

    @pytest.fixture(name="registered")
    def registered_fixture(self, reporter: Reporter, tmp_path: Path) -> Reporter:
        pair = reporter.server.register("acme").pair
        for name, content in (("cert.pem", pair.cert_pem), ("key.pem", pair.key_pem)):
            (tmp_path / name).write_text(content)
        (tmp_path / "ca").mkdir()
        (tmp_path / "ca" / "candlepin.pem").write_text(reporter.server.ca.pem)
        self.folder = tmp_path
        path = self.conf(reporter)
        for name in ("server", "prefix", "ca_path", "username", "password", "owner", "proxy"):
            reporter.defaults.pop(name)
        reporter.defaults["rhsm_conf"] = path
        return reporter

    def conf(self, reporter: Reporter, **more: t.Any) -> str:
        keys = {
            "hostname": reporter.server.host,
            "port": reporter.server.port,
            "prefix": reporter.server.prefix + "/",
            "insecure": 0,
            **more,
        }
        server = "\n".join(f"{key} = {value}" for key, value in keys.items())
        rhsm = f"ca_cert_dir = {self.folder}/ca/\nconsumerCertDir = {self.folder}"
        return write(self.folder, f"[server]\n{server}\n[rhsm]\n{rhsm}\n")

    def test_needs_nothing_else(self, registered: Reporter) -> None:
        assert registered(REPORT)["created"] == ["A"]
        (post,) = registered.server.log.find("POST")
        assert post.client is not None

    def test_options_beat_the_file(self, registered: Reporter, make: t.Callable[..., Reporter]) -> None:
        other = make("hosted")
        given = {name: other.defaults[name] for name in ("server", "prefix", "username", "password", "owner")}
        assert registered(REPORT, **given)["created"] == ["A"]
        assert registered.server.log.connections == 0
        assert other.posts() == 1

    def test_certificates_are_verified_unless_insecure_is_one(self, registered: Reporter) -> None:
        (self.folder / "ca" / "candlepin.pem").write_text(
            registered.server.register("acme").pair.cert_pem  # some certificate, but no authority
        )
        assert "is not trusted" in registered.fails(REPORT).message
        self.conf(registered, insecure=1)
        assert registered(REPORT)["created"] == ["A"]
        assert "is not trusted" in registered.fails(REPORT, validate_certs=True).message

    def test_the_proxy_of_the_file_is_used_with_its_credentials(self, registered: Reporter) -> None:
        with ProxyServer("web", "p@ss/w%rd") as proxy:
            keys = {
                "proxy_hostname": proxy.host,
                "proxy_port": proxy.port,
                "proxy_user": "web",
                "proxy_password": "p@ss/w%%rd",
            }
            self.conf(registered, **keys)
            assert registered(REPORT)["created"] == ["A"]
            assert len(proxy.connects()) == 1
            self.conf(registered, **keys, no_proxy="127.0.0.1")
            registered(REPORT)
            registered(REPORT, proxy="")
            assert len(proxy.connects()) == 1

    def test_a_host_that_is_not_registered_is_told_so(self, registered: Reporter) -> None:
        (self.folder / "cert.pem").unlink()
        failure = registered.fails(REPORT)
        assert isinstance(failure, InvalidInput)
        assert "this host is not registered" in failure.message
        assert registered.server.log.connections == 0

    def test_a_missing_key_is_said(self, registered: Reporter) -> None:
        (self.folder / "key.pem").unlink()
        assert "key.pem does not exist" in registered.fails(REPORT).message
