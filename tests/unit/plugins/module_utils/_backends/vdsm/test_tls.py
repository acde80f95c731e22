# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Who is trusted, on both sides, and that nothing is asked without TLS unless VDSM is configured so."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, InvalidInput, VirtmapError
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.vdsm import host_pair

from .conftest import Hypervisor


def test_the_local_host_shows_its_own_certificate(hypervisor: Hypervisor) -> None:
    """The name in it is not localhost; that it is this very certificate says more."""
    server = hypervisor.start()
    mapping = hypervisor.gather()
    assert mapping.source == f"{socket.gethostname()}:{server.port}"
    assert mapping.hypervisors[0].name == socket.gethostname()


def test_another_host_with_a_certificate_of_the_same_ca_is_not_this_host(hypervisor: Hypervisor) -> None:
    other = host_pair(hypervisor.authority, "kvm2.example.com")
    server = hypervisor.start(pair=other)
    with pytest.raises(CannotConnect, match="shows another certificate than that of this host"):
        hypervisor.gather()
    assert server.log.find() == [], "nothing was asked"


def test_the_chain_of_the_local_host_is_verified(hypervisor: Hypervisor) -> None:
    server = hypervisor.start()
    hypervisor.files.ca.write_text(CertificateAuthority(hypervisor.folder / "other").pem, encoding="ascii")
    with pytest.raises(CannotConnect, match="is not trusted"):
        hypervisor.gather()
    assert server.log.find() == []


def test_without_validation_any_certificate_will_do(hypervisor: Hypervisor) -> None:
    hypervisor.start(pair=host_pair(hypervisor.authority, "kvm2.example.com"))
    assert hypervisor.gather(validate_certs=False).guest_count == 2


def test_a_certificate_of_another_ca_is_refused(hypervisor: Hypervisor) -> None:
    """With TLS 1.3 the handshake seems to succeed; the refusal comes when the first frame is on its way."""
    server = hypervisor.start()
    stranger = CertificateAuthority(hypervisor.folder / "other").issue_client("stranger")
    with pytest.raises(VirtmapError, match="client.cert") as caught:
        hypervisor.gather(client_cert=str(stranger.cert), client_key=str(stranger.key))
    assert "broke off" in caught.value.message or "wants a client certificate" in caught.value.message
    server.stop()  # its own end of the handshake is over now
    assert server.log.find() == []
    assert server.log.tls_failures


def test_files_that_are_missing_are_named_before_contact(hypervisor: Hypervisor) -> None:
    server = hypervisor.start()
    hypervisor.files.key.unlink()
    with pytest.raises(InvalidInput, match="vdsmkey.pem does not exist; .*run the task there with become"):
        hypervisor.gather()
    with pytest.raises(InvalidInput, match="^client_cert /nonexistent does not exist$"):
        hypervisor.gather(client_cert="/nonexistent")
    assert server.log.connections == 0


def test_another_host_needs_a_certificate(hypervisor: Hypervisor) -> None:
    hypervisor.start()
    with pytest.raises(InvalidInput, match="give client_cert and client_key"):
        hypervisor.gather(server="kvm9.example.com", vdsm_conf=str(hypervisor.folder / "none.conf"))


def test_vdsm_without_tls(hypervisor: Hypervisor) -> None:
    hypervisor.start(tls=False)
    assert hypervisor.gather().guest_count == 2


def test_tls_is_never_left_out_by_itself(hypervisor: Hypervisor) -> None:
    """A server that speaks no TLS where it should is an error; virt-who would go on in the clear."""
    server = hypervisor.start(tls=False)
    text = hypervisor.files.conf.read_text(encoding="utf-8")
    hypervisor.files.conf.write_text(text.replace("ssl = false", "ssl = true"), encoding="utf-8")
    with pytest.raises(CannotConnect):
        hypervisor.gather(timeout=2)
    assert server.log.find() == []


def test_a_url_may_say_it(hypervisor: Hypervisor) -> None:
    server = hypervisor.start(tls=False)
    mapping = hypervisor.gather(server=f"tcp://127.0.0.1:{server.port}", vdsm_conf="/nonexistent")
    assert mapping.guest_count == 2


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("https://kvm1.example.com", "scheme"),
        ("kvm1.example.com/vdsm", "must not have a path"),
        ("root:pa55@kvm1", "must not hold a user name"),
        ("", "no host name"),
    ],
)
def test_a_server_that_is_none(hypervisor: Hypervisor, server: str, words: str) -> None:
    hypervisor.start()
    with pytest.raises(InvalidInput, match=words) as caught:
        hypervisor.gather(server=server)
    assert "pa55" not in caught.value.message
