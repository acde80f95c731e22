# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Addresses of daemons."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.uri import DAEMONS, DaemonUri


@pytest.mark.parametrize("daemon", DAEMONS)
def test_each_daemon_has_a_main_server_of_its_own_name(daemon: str) -> None:
    uri = DaemonUri.parse(f"{daemon}:///system")
    assert (uri.daemon, uri.server(None), uri.server("admin")) == (daemon, daemon, "admin")


def test_a_socket_is_told_from_the_default() -> None:
    assert DaemonUri.parse("libvirtd:///system").socket is None
    assert DaemonUri.parse("virtlogd:///session?socket=/run/a%20b/sock").socket == "/run/a b/sock"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("libvirtd+tcp:///system", "local socket"),
        ("libvirtd+ssh://host.example.com/system", "local socket"),
        ("libvirtd://host.example.com/system", "local socket"),
        ("qemu:///system", "must begin with the name of a libvirt daemon"),
        ("", "must begin"),
        ("libvirtd", "must begin"),
        ("libvirtd:///", "/system or /session"),
        ("libvirtd:///embed", "/system or /session"),
        ("libvirtd:///system?sockets=/x", "one parameter only"),
        ("libvirtd:///system?socket=", "one parameter only"),
        ("libvirtd:///system?socket=/a&socket=/b", "one parameter only"),
    ],
)
def test_what_the_library_would_ignore_or_misread_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        DaemonUri.parse(text)


def test_the_configuration_file_is_the_one_that_the_daemon_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DaemonUri.parse("virtqemud:///system").config_file(None) == "/etc/libvirt/virtqemud.conf"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/home/u/.cfg")
    assert DaemonUri.parse("libvirtd:///session").config_file(None) == "/home/u/.cfg/libvirt/libvirtd.conf"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", "/home/u")
    assert DaemonUri.parse("libvirtd:///session").config_file(None) == "/home/u/.config/libvirt/libvirtd.conf"
    assert DaemonUri.parse("libvirtd:///session").config_file("/x.conf") == "/x.conf"


def test_the_file_of_a_daemon_with_its_own_socket_is_not_guessed() -> None:
    uri = DaemonUri.parse("libvirtd:///system?socket=/x")
    with pytest.raises(InvalidInput, match="config_file"):
        uri.config_file(None)
    assert uri.config_file("/etc/x.conf") == "/etc/x.conf"
