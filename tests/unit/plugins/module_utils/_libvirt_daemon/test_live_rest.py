# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""libvirt_daemon_tls_reload and libvirt_daemon_timeout against real daemons."""

from __future__ import annotations

import shutil
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.lab.libvirtd import Libvirtd
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority

from .conftest import Daemon, connected


class Tls(t.NamedTuple):
    daemon: Daemon
    folder: Path
    issue: t.Callable[[], None]

    def reload(self, **options: t.Any) -> dict[str, t.Any]:
        defaults = {
            "certificate": str(self.folder / "libvirt" / "servercert.pem"),
            "config_file": str(self.daemon.lab.config_file),
        }
        return self.daemon.run("tls_reload", **{**defaults, **options})


@pytest.fixture
def tls(tmp_path: Path) -> t.Iterator[Tls]:
    with Libvirtd(tls=True, default_pki=True) as lab:
        folder = lab.pki["default"]
        authority = CertificateAuthority(tmp_path / "new-ca", "New CA")

        def issue() -> None:
            pair = authority.issue_server()
            shutil.copy(authority.path, folder / "CA" / "cacert.pem")
            shutil.copy(pair.cert, folder / "libvirt" / "servercert.pem")
            shutil.copy(pair.key, folder / "libvirt" / "private" / "serverkey.pem")

        yield Tls(Daemon(lab), folder, issue)


def test_a_new_certificate_is_served_once(tls: Tls) -> None:
    first = tls.reload()
    assert not first["changed"]
    tls.issue()
    predicted = tls.reload(check=True)
    assert predicted["changed"]
    assert tls.reload(check=True)["certificate"]["served_before"] == first["certificate"]["on_disk"]
    result = tls.reload(diff=True)
    assert result["changed"]
    told = result["certificate"]
    assert told["served_before"] == first["certificate"]["on_disk"]
    assert told["served_after"] == told["on_disk"] != told["served_before"]
    assert result["diff"] == [{"before": {"served": told["served_before"]}, "after": {"served": told["on_disk"]}}]
    assert predicted["certificate"] == told
    assert not tls.reload()["changed"]
    with connected(tls.daemon.lab.uri("tls", driver="test"), wait=False) as old_trust:
        assert old_trust.says() == ""


def test_without_a_look_or_by_force_each_run_is_a_change(tls: Tls) -> None:
    for options in ({"probe": False}, {"force": True}, {"probe": False}):
        result = tls.reload(**options)
        assert result["changed"]
        assert (result["certificate"]["served_after"] is None) == ("probe" in options)


def test_files_that_do_not_fit_leave_the_old_certificate_in_service(tls: Tls) -> None:
    key = tls.folder / "libvirt" / "private" / "serverkey.pem"
    old_key = key.read_bytes()
    served = tls.reload()["certificate"]["served_before"]
    tls.issue()
    key.write_bytes(old_key)
    result = tls.reload()
    assert result["failed"]
    assert "reading its TLS files again" in result["msg"]
    assert tls.reload(check=True)["certificate"]["served_before"] == served


def test_another_certificate_than_the_daemons_is_noticed(tls: Tls, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path / "other").issue_server()
    result = tls.reload(certificate=str(other.cert))
    assert result["changed"]
    assert "another certificate is served than the one in" in result["msg"]


def test_a_daemon_with_other_paths_has_to_be_restarted(libvirtd: Daemon) -> None:
    certificate = str(libvirtd.lab.pki["server"] / "servercert.pem")
    result = libvirtd.run("tls_reload", config_file=str(libvirtd.lab.config_file), certificate=certificate, force=True)
    assert "sets ca_file, cert_file, key_file" in result["msg"]
    assert "restart the daemon" in result["msg"]


def test_a_daemon_without_tls(own_libvirtd: Daemon, libvirtd: Daemon, tmp_path: Path) -> None:
    certificate = str(libvirtd.lab.pki["server"] / "servercert.pem")
    options: dict[str, t.Any] = {"certificate": certificate, "config_file": str(own_libvirtd.lab.config_file)}
    assert "no tls service" in own_libvirtd.run("tls_reload", probe=False, **options)["msg"]
    refused = own_libvirtd.run("tls_reload", port=1, **options)["msg"]
    assert refused.startswith("127.0.0.1 port 1: the certificate that the daemon serves cannot be looked at")


def test_an_idle_daemon_ends_itself(own_libvirtd: Daemon) -> None:
    predicted = own_libvirtd.run("timeout", check=True, idle_timeout=1)
    assert (predicted["changed"], predicted["idle_timeout"]) == (True, 1)
    time.sleep(3)
    process = own_libvirtd.lab._process
    assert process is not None
    assert process.poll() is None
    assert own_libvirtd.run("timeout", idle_timeout=1)["changed"]
    assert process.wait(30) == 0


def test_a_timeout_is_taken_back(own_libvirtd: Daemon) -> None:
    with connected(own_libvirtd.lab.uri(driver="test")):
        own_libvirtd.run("timeout", idle_timeout=1)
        own_libvirtd.run("timeout", idle_timeout=0)
    time.sleep(3)
    assert own_libvirtd.run("info", gather_subset=["version"])["version"]


@pytest.mark.parametrize("seconds", [-1, 2_147_484, 2**32])
def test_a_timeout_that_a_daemon_would_misread_is_refused(libvirtd: Daemon, seconds: int) -> None:
    assert "must be 0 to 2147483" in libvirtd.run("timeout", idle_timeout=seconds)["msg"]
