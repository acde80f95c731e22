# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Libvirt's errors as sentences. The failures are what the library really said (libvirt 9.0)."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import Failure, Transient, explain
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import parse_uri
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
)

TCP = "qemu+tcp://kvm1.example.com/system"
TLS = "qemu+tls://kvm1.example.com/system"
SSH = "qemu+ssh://root@kvm1.example.com/system?keyfile=/root/secret-key"
LOCAL = "qemu:///system"

ROWS = [
    (LOCAL, 38, 7, "Failed to connect socket to '/run/libvirt/libvirt-sock-ro': No such file or directory", CannotConnect, "that the daemon runs"),
    (LOCAL, 38, 7, "Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied", Denied, "become"),
    (TCP, 38, 7, "unable to connect to server at 'kvm1.example.com:16509': Connection refused", Transient, "host and port"),
    (TCP, 38, 7, "unable to connect to server at 'kvm1.example.com:16509': No route to host", CannotConnect, "check uri"),
    (TCP, 38, 7, "Unable to resolve address 'x' service '16509': Name or service not known", CannotConnect, "host name"),
    (TCP, 38, 7, "Cannot recv data: Connection reset by peer", Transient, "daemon's log"),
    (TCP, 38, 7, "End of file while reading data: Input/output error", Transient, "daemon's log"),
    (SSH, 38, 7, "Cannot recv data: ssh: Could not resolve hostname x: Name or service not known", CannotConnect, "log in there with ssh"),
    (SSH, 38, 7, "Cannot recv data: root@kvm1: Permission denied (publickey,password).\r\n: Connection reset", CannotConnect, "ssh"),
    (SSH, 38, 7, "Cannot recv data: Host key verification failed.: Connection reset by peer", CannotConnect, "host key"),
    (TLS, 45, 7, "authentication failed: Failed to verify peer's certificate", CannotConnect, "pkipath"),
    (TLS, 38, 7, "Our own certificate /p/clientcert.pem failed validation against /p/cacert.pem: not trusted", InvalidInput, "pkipath"),
    (TLS, 38, 7, "Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such file or directory", InvalidInput, "pkipath"),
    (TLS, 38, 7, "Unable to read TLS confirmation: Input/output error", Denied, "pkipath"),
    (TCP, 45, 7, "authentication failed: authentication failed", Denied, "username and password"),
    (TCP, 45, 7, "authentication failed: Failed to start SASL negotiation: -4 (SASL(-4): no mechanism available: No worthy mechs found)", Denied, "libsasl2-modules"),
    (TCP, 79, 7, "authentication cancelled: Failed to collect auth credentials", Denied, "set username and password"),
    (LOCAL, 29, 0, "operation virConnectX forbidden for read only access", Denied, "right to read"),
    (LOCAL, 88, 7, "access denied: 'connect' denied access", Denied, "right to read"),
    ("qemu+foo://h/system", 8, 13, "invalid argument: remote_open: transport in URL not recognised", InvalidInput, "correct uri"),
    ("qemu+unix:///x", 1, 0, "internal error: unexpected qemu URI path '/x', try qemu:///system", NotFound, "path in uri"),
    ("xen:///system", 5, 0, "no connection driver available for xen:///system", NotFound, "driver"),
    (TCP, 39, 7, "packet 1213486156 bytes received from server too large, want 33554432", BadAnswer, "host and port"),
    ("test:///nope", 27, 12, "XML error: failed to parse xml document '/nope'", InvalidInput, "node file"),
    (TCP, 1, 7, "internal error: client socket is closed", Transient, "again"),
    (TCP, 1, 7, "internal error: connection closed due to keepalive timeout", Transient, "again"),
    (TCP, 1, 7, "Number of domain stats records is 17000, which exceeds max limit: 16384", BadAnswer, "16384"),
    ("esx://h/", 3, 0, "this function is not supported by the connection driver: virConnectGetType", BadAnswer, "another way"),
    (LOCAL, 1, 10, "internal error: something else", BadAnswer, "listing the guests"),
    (LOCAL, 0, 0, "", BadAnswer, "no reason given"),
]  # fmt: skip


@pytest.mark.parametrize(
    "uri, code, domain, text, error, advice", ROWS, ids=[f"{row[1]}-{row[3][:40]}" for row in ROWS]
)
def test_each_error_is_one_sentence_with_the_source_the_reason_and_advice(uri, code, domain, text, error, advice):
    said = explain(Failure(code, domain, text), parse_uri(uri), "listing the guests")
    assert type(said) is error
    assert said.message.startswith(f"libvirt at {parse_uri(uri).source} ")
    assert advice in said.message
    assert "; " in said.message
    assert said.message.isprintable()


def test_the_uri_in_the_librarys_words_loses_what_is_secret():
    uri = parse_uri(SSH)
    said = explain(Failure(5, 0, f"no connection driver available for {uri.text}"), uri, "connecting")
    assert "secret-key" not in said.message
    assert "root@" not in said.message


def test_words_of_the_far_side_cannot_forge_lines():
    said = explain(Failure(1, 7, "bad\n\x1b[31mok: everything is fine" + "x" * 1000), parse_uri(LOCAL), "connecting")
    assert said.message.isprintable()
    assert len(said.message) < 500
