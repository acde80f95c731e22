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
    (LOCAL, 38, 7, CannotConnect, "that the daemon runs",
     "Failed to connect socket to '/run/libvirt/libvirt-sock-ro': No such file or directory"),
    (LOCAL, 38, 7, Denied, "become",
     "Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied"),
    (TCP, 38, 7, Transient, "host and port",
     "unable to connect to server at 'kvm1.example.com:16509': Connection refused"),
    (TCP, 38, 7, CannotConnect, "check uri",
     "unable to connect to server at 'kvm1.example.com:16509': No route to host"),
    (TCP, 38, 7, CannotConnect, "host name",
     "Unable to resolve address 'x' service '16509': Name or service not known"),
    (TCP, 38, 7, Transient, "daemon's log",
     "Cannot recv data: Connection reset by peer"),
    (TCP, 38, 7, Transient, "daemon's log",
     "End of file while reading data: Input/output error"),
    (SSH, 38, 7, CannotConnect, "log in there with ssh",
     "Cannot recv data: ssh: Could not resolve hostname x: Name or service not known"),
    (SSH, 38, 7, CannotConnect, "ssh",
     "Cannot recv data: root@kvm1: Permission denied (publickey,password).\r\n: Connection reset"),
    (SSH, 38, 7, CannotConnect, "host key",
     "Cannot recv data: Host key verification failed.: Connection reset by peer"),
    (TLS, 45, 7, CannotConnect, "pkipath",
     "authentication failed: Failed to verify peer's certificate"),
    (TLS, 38, 7, InvalidInput, "pkipath",
     "Our own certificate /p/clientcert.pem failed validation against /p/cacert.pem: not trusted"),
    (TLS, 38, 7, InvalidInput, "pkipath",
     "Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such file or directory"),
    (TLS, 38, 7, Denied, "pkipath",
     "Unable to read TLS confirmation: Input/output error"),
    (TCP, 45, 7, Denied, "username and password",
     "authentication failed: authentication failed"),
    (TCP, 45, 7, Denied, "libsasl2-modules",
     "authentication failed: Failed to start SASL negotiation: -4 (no mechanism available: No worthy mechs)"),
    (TCP, 79, 7, Denied, "set username and password",
     "authentication cancelled: Failed to collect auth credentials"),
    (LOCAL, 29, 0, Denied, "right to read",
     "operation virConnectX forbidden for read only access"),
    (LOCAL, 88, 7, Denied, "right to read",
     "access denied: 'connect' denied access"),
    ("qemu+foo://h/system", 8, 13, InvalidInput, "correct uri",
     "invalid argument: remote_open: transport in URL not recognised"),
    ("qemu+unix:///x", 1, 0, NotFound, "path in uri",
     "internal error: unexpected qemu URI path '/x', try qemu:///system"),
    ("xen:///system", 5, 0, NotFound, "driver",
     "no connection driver available for xen:///system"),
    (TCP, 39, 7, BadAnswer, "host and port",
     "packet 1213486156 bytes received from server too large, want 33554432"),
    ("test:///nope", 27, 12, InvalidInput, "node file",
     "XML error: failed to parse xml document '/nope'"),
    (TCP, 1, 7, Transient, "again",
     "internal error: client socket is closed"),
    (TCP, 1, 7, Transient, "again",
     "internal error: connection closed due to keepalive timeout"),
    (TCP, 1, 7, BadAnswer, "16384",
     "Number of domain stats records is 17000, which exceeds max limit: 16384"),
    ("esx://h/", 3, 0, BadAnswer, "another way",
     "this function is not supported by the connection driver: virConnectGetType"),
    (LOCAL, 1, 10, BadAnswer, "listing the guests",
     "internal error: something else"),
    (LOCAL, 0, 0, BadAnswer, "no reason given",
     ""),
]  # fmt: skip


@pytest.mark.parametrize("uri, code, domain, error, advice, text", ROWS, ids=[row[5][:40] for row in ROWS])
def test_each_error_is_one_sentence_with_the_source_the_reason_and_advice(uri, code, domain, error, advice, text):
    said = explain(Failure(code, domain, text), parse_uri(uri), "listing the guests")
    assert said.__class__ == error
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
