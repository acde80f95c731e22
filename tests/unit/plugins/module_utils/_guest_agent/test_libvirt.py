# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Domains and their channels, on a real libvirtd with real QEMUs."""

from __future__ import annotations

import json

import pytest

libvirt = pytest.importorskip("libvirt", reason="install the requirements of the unit tests")

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (  # noqa: E402
    BadAnswer,
    CannotConnect,
    InvalidInput,
    NotFound,
)
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.channels import give_channels  # noqa: E402
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.command import carry_out  # noqa: E402
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.info import information  # noqa: E402
from ansible_collections.virtmap.core.tests.lab.libvirtd import Libvirtd, add_guest, guest_uuid  # noqa: E402

QEMU, OVIRT, OLDER = "org.qemu.guest_agent.0", "ovirt-guest-agent.0", "com.redhat.rhevm.vdsm"
TIMEOUT = 60


def channel(name, path=None):
    source = f"<source mode='bind' path='{path}'/>" if path else ""
    return f"<channel type='unix'>{source}<target type='virtio' name='{name}'/></channel>"


@pytest.fixture(scope="module")
def daemon():
    with Libvirtd() as running:
        connection = libvirt.open(running.uri())
        add_guest(connection, "bare", "running", devices="<controller type='virtio-serial' index='0' ports='16'/>")
        add_guest(connection, "early", "running")
        add_guest(connection, "plain", "running")
        add_guest(connection, "off", "shut_off", devices=channel(QEMU))
        add_guest(connection, "asleep", "shut_off", devices=channel(OVIRT, running.folder / "asleep"))
        add_guest(connection, "mute", "running", devices=channel(OVIRT).replace("'unix'", "'null'"))
        add_guest(connection, "full", "running", devices="<controller type='virtio-serial' index='0' ports='1'/>")
        add_guest(connection, "quiet", "running", devices=channel(QEMU))
        both = channel(OVIRT, running.folder / "newer") + channel(OLDER, running.folder / "older")
        add_guest(connection, "both", "running", devices=both)
        connection.close()
        yield running


def give(daemon, domain, *names, check_mode=False, warn=pytest.fail, **more):
    return give_channels(
        {"domain": domain, "names": list(names), "uri": daemon.uri(), "timeout": TIMEOUT, **more}, check_mode, warn
    )


def ports(daemon, domain, flags):
    connection = libvirt.open(daemon.uri())
    text = connection.lookupByName(domain).XMLDesc(flags)
    connection.close()
    return [name for name in (QEMU, OVIRT, OLDER) if f"name='{name}'" in text], text.count("type='virtio-serial'")


def test_channels_are_added_to_the_running_guest_and_its_definition_once(daemon):
    before = ports(daemon, "bare", 0)
    assert before == ([], 1)
    planned = give(daemon, "bare", QEMU, check_mode=True)
    assert ports(daemon, "bare", 0) == ports(daemon, "bare", 2) == before
    done = give(daemon, "bare", QEMU)
    assert planned == done
    assert done["changed"] is True
    assert done["added"] == {"definition": [QEMU], "running": [QEMU]}
    assert done["diff"] == {"before": "", "after": f"{QEMU}\n"}
    assert ports(daemon, "bare", 0)[0] == ports(daemon, "bare", 2)[0] == [QEMU]
    again = give(daemon, guest_uuid("bare"), QEMU, QEMU)
    assert (again["changed"], again["added"]) == (False, {"definition": [], "running": []})
    more = give(daemon, "bare", QEMU, OVIRT)
    assert more["added"] == {"definition": [OVIRT], "running": [OVIRT]}
    assert more["diff"]["before"] == f"{QEMU}\n"
    assert ports(daemon, "bare", 2)[0] == [QEMU, OVIRT]


def test_running_guest_without_a_controller_gets_its_channel_with_the_next_start(daemon):
    warnings = []
    done = give(daemon, "early", QEMU, warn=warnings.append)
    assert (done["added"], done["restart_needed"]) == ({"definition": [QEMU], "running": []}, True)
    assert "come with its next start" in warnings[0]
    again = give(daemon, "early", QEMU, warn=warnings.append)
    assert (again["changed"], again["restart_needed"]) == (False, True)
    connection = libvirt.open(daemon.uri())
    domain = connection.lookupByName("early")
    domain.destroy()
    domain.create()
    connection.close()
    assert give(daemon, "early", QEMU)["restart_needed"] is False
    assert ports(daemon, "early", 0)[0] == [QEMU]


def test_guest_that_does_not_run_gets_its_channel_with_the_next_start(daemon):
    assert give(daemon, "off", QEMU)["changed"] is False
    assert give(daemon, "off", QEMU, OVIRT)["added"] == {"definition": [OVIRT], "running": []}
    assert ports(daemon, "off", 2)[0] == [QEMU, OVIRT]


def test_failure_says_what_was_added_before_it(daemon):
    with pytest.raises(BadAnswer) as caught:
        give(daemon, "full", QEMU, OVIRT)
    assert caught.value.result["changed"] is True


def test_unfit_name_is_refused(daemon):
    with pytest.raises(InvalidInput, match="letters, digits"):
        give(daemon, "bare", "x'/><evil/>")


def options(daemon, **given):
    return {
        "socket": None, "domain": None, "uri": daemon.uri(), "protocol": "auto", "timeout": TIMEOUT, "delay": 0, "notice": None,
        "username": None, "password": None, "wait": True, "wait_timeout": 5, **given,
    }  # fmt: skip


def ask(daemon, **given):
    told = information(options(daemon, **given), pytest.fail)["guest_agent"]
    json.dumps(told, allow_nan=False)
    return told


def test_missing_guest_is_said(daemon):
    with pytest.raises(NotFound, match="has no guest nobody; check domain and uri"):
        ask(daemon, domain="nobody")


def test_guest_without_a_channel_is_said(daemon):
    with pytest.raises(NotFound, match="no channel for a guest agent; add one with the role"):
        ask(daemon, domain="plain")
    with pytest.raises(NotFound, match="no channel org.qemu.guest_agent.0"):
        ask(daemon, domain="plain", protocol="qemu")
    with pytest.raises(NotFound, match="the channel ovirt-guest-agent.0 .* is no unix socket of its host"):
        ask(daemon, domain="mute")
    with pytest.raises(NotFound, match="no channel ovirt-guest-agent.0"):
        ask(daemon, domain="plain", protocol="ovirt")


@pytest.mark.parametrize(
    "domain, reason",
    [("quiet", "not connected|no program in the guest"), ("off", "does not run"), ("asleep", "does not run")],
)
def test_agent_that_is_not_there_is_not_responsive(daemon, domain, reason):
    import re

    told = ask(daemon, domain=domain)
    assert (told["responsive"], told["protocol"]) == (False, "ovirt" if domain == "asleep" else "qemu")
    assert re.search(reason, told["reason"])


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("command", ["shutdown", "reboot", "fsfreeze", "fsthaw"])
def test_nothing_is_ordered_of_an_agent_that_is_not_there(daemon, command, check_mode):
    with pytest.raises((CannotConnect, BadAnswer)) as caught:
        carry_out(options(daemon, domain="quiet", command=command), check_mode, pytest.fail)
    assert caught.value.result["changed"] is False


def test_guest_that_does_not_run_needs_no_shutdown(daemon):
    done = carry_out(options(daemon, domain="off", command="shutdown"), False, pytest.fail)
    assert (done["changed"], done["confirmed"]) == (False, True)
    with pytest.raises(CannotConnect, match="does not run; start it first"):
        carry_out(options(daemon, domain="off", command="reboot"), False, pytest.fail)


def test_older_name_of_the_port_is_preferred_as_the_agent_does(daemon):
    # Firmware opens no port, and nobody answers.
    told = ask(daemon, domain="both", timeout=2)
    assert (told["protocol"], told["responsive"]) == ("ovirt", False)
    assert "/older within 2 seconds" in told["reason"]


def test_read_only_is_still_the_default_of_the_backend(daemon):
    from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.connection import Connection
    from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import OPERATION_DENIED
    from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import parse_uri

    with Connection(parse_uri(daemon.uri()), timeout=TIMEOUT) as connection:
        refused = connection.attempt("asking", lambda conn: conn.lookupByName("bare").shutdown())
    assert refused.code == OPERATION_DENIED
