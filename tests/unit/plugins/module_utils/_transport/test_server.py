# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server, parse_server

GOOD = [
    ("vc.example.com", Server("https", "vc.example.com", 9443)),
    ("  vc.example.com ", Server("https", "vc.example.com", 9443)),
    ("VC.Example.com", Server("https", "vc.example.com", 9443)),
    ("vc.example.com:8443", Server("https", "vc.example.com", 8443)),
    ("vc.example.com:", Server("https", "vc.example.com", 9443)),
    ("192.0.2.7", Server("https", "192.0.2.7", 9443)),
    ("192.0.2.7:444", Server("https", "192.0.2.7", 444)),
    ("2001:db8::7", Server("https", "2001:db8::7", 9443)),
    ("[2001:db8::7]", Server("https", "2001:db8::7", 9443)),
    ("[2001:db8::7]:444", Server("https", "2001:db8::7", 444)),
    ("::1", Server("https", "::1", 9443)),
    ("https://vc.example.com", Server("https", "vc.example.com", 9443)),
    ("HTTPS://vc.example.com/", Server("https", "vc.example.com", 9443)),
    ("http://vc.example.com:8080", Server("http", "vc.example.com", 8080)),
    ("https://vc.example.com/ovirt-engine/", Server("https", "vc.example.com", 9443, "/ovirt-engine")),
    ("vc.example.com/prefix", Server("https", "vc.example.com", 9443, "/prefix")),
    ("https://[2001:db8::7]:1/x", Server("https", "2001:db8::7", 1, "/x")),
]


@pytest.mark.parametrize(("value", "expected"), GOOD, ids=[value for value, _server in GOOD])
def test_what_is_understood(value: str, expected: Server) -> None:
    assert parse_server(value, port=9443) == expected


def test_defaults() -> None:
    assert parse_server("vc.example.com", port=None).port == 443
    assert parse_server("http://vc.example.com", port=None).port == 80
    assert parse_server("vc.example.com", port=None, scheme="http", path="/rhsm").url == "http://vc.example.com:80/rhsm"
    assert parse_server("vc.example.com/own/", port=1, path="/rhsm").path == "/own"


def test_addresses_in_urls() -> None:
    assert parse_server("2001:db8::7", port=443, path="/x").url == "https://[2001:db8::7]:443/x"
    assert parse_server("vc.example.com", port=443).authority == "vc.example.com:443"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "   ",
        "https://",
        "https:///path",
        "vc.example.com:0",
        "vc.example.com:65536",
        "vc.example.com:-1",
        "vc.example.com:https",
        "vc.example.com:4 43",
        "vc example.com",
        "vc.exam\nple.com",
        "vc.exam\tple.com",
        "vc.example.com\x00",
        "[2001:db8::7",
        "2001:db8::7]:443",
        "[vc.example.com]",
        "ftp://vc.example.com",
        "qemu+tls://vc.example.com/system",
        "https://vc.example.com/?x=1",
        "https://vc.example.com/#x",
    ],
)
def test_what_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match="^my_server "):
        parse_server(value, port=443, option="my_server")


@pytest.mark.parametrize(
    "value",
    [
        "https://reader:s3cr3t@vc.example.com",
        "reader:s3cr3t@vc.example.com",
        "https://reader:s3cr3t#x@vc.example.com/",
        "https://reader:s3/cr3t@vc.example.com/",
        "https://reader:s3cr3t@vc.example.com:bad",
        "https://s3cr3t@[::1",
    ],
)
def test_credentials_are_refused_and_not_shown(value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_server(value, port=443)
    assert "must not hold a user name or password" in caught.value.message
    assert "cr3t" not in repr(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__context__)


@pytest.mark.parametrize("port", [0, -1, 65536, 100000])
def test_a_port_option_out_of_range_is_refused(port: t.Any) -> None:
    with pytest.raises(InvalidInput, match="the port is .* between 1 and 65535"):
        parse_server("vc.example.com", port=port)


def test_schemes_can_be_limited() -> None:
    with pytest.raises(InvalidInput, match="scheme 'http', but must have one of https"):
        parse_server("http://vc.example.com", port=443, schemes=("https",))
