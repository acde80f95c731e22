# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The signal for the greeter, on a real bus."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="{name}"/><allow send_type="signal"/>
<allow send_destination="org.freedesktop.DBus"/><allow eavesdrop="true"/></policy></busconfig>
"""


@pytest.fixture
def bus(tmp_path):
    """A bus of one's own; gives its address."""
    daemon = shutil.which("dbus-daemon")
    assert daemon, "install Debian's package dbus"
    path, config = tmp_path / "bus", tmp_path / "bus.conf"
    config.write_text(CONFIG.format(path=path, name="org.ovirt.vdsm.Credentials"))
    process = subprocess.Popen([daemon, f"--config-file={config}", "--nofork", "--nopidfile"])
    until = time.monotonic() + 20
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    yield f"unix:path={path}"
    process.kill()
    process.wait()


def test_token_is_announced_to_who_listens(bus, monkeypatch):
    from virtmap_guest_agent.login import announce

    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
    listener = subprocess.Popen(
        ["dbus-monitor", "--address", bus, "type='signal',interface='org.ovirt.vdsm.Credentials'"],
        stdout=subprocess.PIPE,
        text=True,
    )
    told = ""
    try:
        # What a monitor says first is that it has begun.
        while "NameLost" not in told:
            told += listener.stdout.readline()
        announce("123456")
        while "123456" not in told:
            told += listener.stdout.readline()
    finally:
        listener.kill()
        listener.wait()
    assert "path=/org/ovirt/vdsm/Credentials" in told
    assert "interface=org.ovirt.vdsm.Credentials; member=UserAuthenticated" in told


def test_name_that_another_program_owns_is_refused(bus):
    from virtmap_guest_agent.dbus import BusError, SystemBus

    with SystemBus(bus) as first, SystemBus(bus) as second:
        first.request_name("org.ovirt.vdsm.Credentials")
        with pytest.raises(BusError, match="belongs to another"):
            second.request_name("org.ovirt.vdsm.Credentials")
        with pytest.raises(BusError, match="refuses RequestName"):
            second.request_name("com.example.Other")


def test_missing_bus_is_said(tmp_path):
    from virtmap_guest_agent.dbus import BusError, SystemBus

    with pytest.raises(BusError, match="cannot be used"), SystemBus(f"unix:path={tmp_path}/none"):
        pass
