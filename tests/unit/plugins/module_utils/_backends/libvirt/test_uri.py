# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The option uri."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import parse_uri
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput


@pytest.mark.parametrize(
    "value, source, local",
    [
        ("qemu:///system", "qemu:///system", True),
        (" qemu:///session ", "qemu:///session", True),
        ("test:///default", "test:///default", True),
        ("xen:///", "xen:///", True),
        ("test+unix:///default?socket=/run/x/sock", "test+unix:///default?socket=/run/x/sock", True),
        ("qemu+tls://kvm1.example.com/system?pkipath=/root/pki", "qemu+tls://kvm1.example.com/system", False),
        ("qemu+tcp://[2001:db8::1]:16509/system", "qemu+tcp://[2001:db8::1]:16509/system", False),
        ("qemu://KVM1.example.com/system", "qemu://kvm1.example.com/system", False),
        ("qemu+ext:///system?command=/bin/x%20secret", "qemu+ext:///system", False),
        ("qemu+tcp://user@192.0.2.1/system", "qemu+tcp://192.0.2.1/system", False),
    ],
)
def test_source_tells_which_daemon_and_nothing_else(value, source, local):
    uri = parse_uri(value)
    assert (uri.source, uri.local) == (source, local)
    assert uri.text == value.strip()


@pytest.mark.parametrize(
    "value, text",
    [
        ("qemu+ssh://root@kvm1/system", "qemu+ssh://root@kvm1/system?no_tty=1"),
        ("qemu+ssh://root@kvm1/system?keyfile=/k", "qemu+ssh://root@kvm1/system?keyfile=/k&no_tty=1"),
        ("qemu+ssh://kvm1/system?no_tty=0&keyfile=/k", "qemu+ssh://kvm1/system?keyfile=/k&no_tty=1"),
    ],
)
def test_ssh_never_asks_on_the_terminal(value, text):
    uri = parse_uri(value)
    assert uri.text == text
    assert uri.source == "qemu+ssh://kvm1/system"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "qemu",
        "/run/libvirt/sock",
        "pa55word",
        "qemu:/system",
        "qemu:///sys\ntem",
        "qemu+tcp://host:port/system",
        "qemu+tcp://[::1/system",
    ],
)
def test_what_is_no_uri_is_refused(value):
    with pytest.raises(InvalidInput, match="uri is no libvirt URI") as caught:
        parse_uri(value)
    assert "pa55word" not in caught.value.message


def test_password_in_the_uri_is_refused_and_not_shown():
    with pytest.raises(InvalidInput, match="must not hold a password") as caught:
        parse_uri("qemu+tcp://user:pa55word@kvm1.example.com/system")
    assert "pa55word" not in caught.value.message


def test_a_password_with_a_slash_is_not_shown():
    with pytest.raises(InvalidInput, match="user name or password that is not percent-encoded") as caught:
        parse_uri("qemu+tls://reader:s3cr/et@host1.example.com/system")
    assert "s3cr" not in caught.value.message
