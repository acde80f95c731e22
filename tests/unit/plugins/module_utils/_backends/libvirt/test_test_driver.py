# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend with libvirt's own test driver, in this process."""

from __future__ import annotations

import types

import libvirt
import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt import client, connection
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    InvalidInput,
    MissingLibrary,
    NotFound,
)
from ansible_collections.virtmap.core.tests.lab.libvirtd import domain_xml, guest_uuid, write_node_file

STATES = ["running", "running", "blocked", "paused", "shutting_down", "shut_off", "crashed", "suspended"]


def test_the_default_host(gather):
    found = gather("test:///default", hypervisor_id="hostname")
    assert found.mapping["backend"] == "libvirt"
    assert found.mapping["source"] == "test:///default"
    assert found.hypervisor["id"] == found.hypervisor["name"] != ""
    assert found.hypervisor["uuid"] is None
    assert found.hypervisor["facts"] == {"cpu.cpu_socket(s)": "2", "hypervisor.type": "TEST", "hypervisor.version": 2}
    assert found.hypervisor["guests"] == [
        {"uuid": "6695eb01-f6a4-8304-79aa-97f2502e193f", "name": "test", "state": "running"}
    ]


def test_a_host_without_uuid_fails_and_the_hostname_is_proposed(gather):
    with pytest.raises(NotFound, match="no uuid for its host; set hypervisor_id to hostname"):
        gather("test:///default")


def test_hwuuid_is_refused_before_anything_is_contacted(gather):
    with pytest.raises(InvalidInput, match="hwuuid does not exist for the backend libvirt; use uuid or hostname"):
        gather("test:///nowhere", hypervisor_id="hwuuid")


def test_filters_apply_to_the_id(gather):
    assert gather("test:///default", hypervisor_id="hostname", exclude_hosts=["*"]).mapping["hypervisors"] == []


def test_states_and_order(gather, tmp_path):
    extra = [domain_xml(f"state-{state}", kind="test", state=state or None) for state in range(1, 8)]
    path = write_node_file(tmp_path / "node.xml", 300, shut_off=100, extra=extra)
    found = gather(f"test://{path}", hypervisor_id="hostname")
    assert len(found.states) == 307
    assert sum(state == "shut_off" for state in found.states.values()) == 101
    assert found.states["guest-00199"] == "running"
    assert found.states["guest-00200"] == "shut_off"
    # The test driver itself takes only these four from the file.
    for state in (1, 3, 5, 6):
        assert found.states[f"state-{state}"] == STATES[state]
    uuids = [guest["uuid"] for guest in found.hypervisor["guests"]]
    assert uuids == sorted(uuids)
    assert guest_uuid("guest-00000") in uuids


@pytest.mark.parametrize("nodes, sockets, told", [(1, 1, "1"), (1, 4, "4"), (2, 2, "4")])
def test_sockets_without_topology(gather, tmp_path, nodes, sockets, told):
    path = write_node_file(tmp_path / "node.xml", 1, nodes=nodes, sockets=sockets)
    assert gather(f"test://{path}", hypervisor_id="hostname").hypervisor["facts"]["cpu.cpu_socket(s)"] == told


def test_a_host_without_guests_is_a_mapping(gather, tmp_path):
    path = write_node_file(tmp_path / "node.xml", 0)
    assert gather(f"test://{path}", hypervisor_id="hostname").hypervisor["guests"] == []


def test_dom0_is_left_out(gather, tmp_path):
    nothing = "00000000-0000-0000-0000-000000000000"
    extra = [domain_xml("Domain-0", kind="test", identity=nothing)]
    path = write_node_file(tmp_path / "node.xml", 1, extra=extra)
    native = libvirt.open(f"test://{path}")
    assert nothing in [domain.UUIDString() for domain in native.listAllDomains()]
    assert list(gather(f"test://{path}", hypervisor_id="hostname").states) == ["guest-00000"]


def test_hostile_names_stay_text(gather, tmp_path):
    names = ["{{ lookup('pipe', 'id') }}", "<b>&amp;\u202e", "a\tb", "\u00e4\U0001f600"]
    extra = [domain_xml(name, kind="test") for name in names]
    path = write_node_file(tmp_path / "node.xml", 0, extra=extra)
    assert sorted(gather(f"test://{path}", hypervisor_id="hostname").states) == sorted(names)


def test_a_missing_binding_is_named(gather, monkeypatch):
    monkeypatch.setattr(connection, "LIBVIRT_ERROR", "Traceback: No module named 'libvirt'")
    with pytest.raises(MissingLibrary) as caught:
        gather("test:///default")
    assert caught.value.library == "libvirt-python"
    assert "No module named" in caught.value.traceback


class OldDriver:
    """A connection to the test driver as one sees it with a driver that lacks some calls, or fails at them."""

    def __init__(self, conn, failing):
        self._conn = conn
        self._failing = failing

    def __getattr__(self, name):
        if name not in self._failing:
            return getattr(self._conn, name)

        def fail(*_arguments):
            error = libvirt.libvirtError(f"{name}() failed")
            code = self._failing[name]
            error.err = (code, 12, f"this function is not supported: {name}", 2, None, None, None, 0, 0)
            raise error

        return fail


@pytest.fixture
def with_driver(monkeypatch):
    """Let connections miss calls: ``with_driver(getVersion=3)``, the number being libvirt's error."""

    def let(**failing):
        real = libvirt.openAuth
        binding = types.SimpleNamespace(**vars(libvirt))
        binding.openAuth = lambda *arguments: OldDriver(real(*arguments), failing)
        monkeypatch.setattr(connection, "libvirt", binding)

    return let


def test_a_driver_without_the_batch_call_is_asked_guest_by_guest(gather, tmp_path, with_driver):
    path = write_node_file(tmp_path / "node.xml", 20, shut_off=5)
    at_once = gather(f"test://{path}", hypervisor_id="hostname")
    with_driver(getAllDomainStats=3)
    one_by_one = gather(f"test://{path}", hypervisor_id="hostname")
    assert one_by_one.mapping["hypervisors"] == at_once.mapping["hypervisors"]


class Vanishing:
    """A guest that is gone, or cannot be asked, when its state is read."""

    def __init__(self, name, code):
        self._name = name
        self._code = code

    def name(self):
        return self._name

    def UUIDString(self):
        return guest_uuid(self._name)

    def state(self):
        error = libvirt.libvirtError("virDomainGetState() failed")
        error.err = (self._code, 10, "Domain not found", 2, None, None, None, 0, 0)
        raise error


def test_guest_by_guest_a_vanished_one_is_no_guest_and_a_broken_one_is_skipped(gather, with_driver, monkeypatch):
    with_driver(getAllDomainStats=3)
    monkeypatch.setattr(
        OldDriver,
        "listAllDomains",
        lambda _self, _flags: [Vanishing("gone", 42), Vanishing("broken", 1), Vanishing("silent", 3)],
        raising=False,
    )
    found = gather("test:///default", hypervisor_id="hostname")
    assert found.states == {"silent": "unknown"}
    (skipped,) = found.mapping["skipped"]
    assert (skipped["kind"], skipped["name"]) == ("guest", guest_uuid("broken"))
    assert "Domain not found" in skipped["reason"]


class Domain(Vanishing):
    """A guest as the batch call lists it."""

    def __init__(self, name, raw_name=None):
        super().__init__(name, 42)
        self._raw_name = raw_name

    def name(self):
        return self._raw_name.decode() if self._raw_name else self._name


@pytest.fixture
def listed(with_driver, monkeypatch):
    """Let the batch call answer this."""

    def let(answer):
        with_driver()
        monkeypatch.setattr(OldDriver, "getAllDomainStats", lambda *_arguments: answer, raising=False)

    return let


def test_every_state(gather, listed):
    listed([(Domain(f"state-{number}"), {"state.state": number}) for number in range(9)] + [(Domain("untold"), {})])
    states = gather("test:///default", hypervisor_id="hostname").states
    words = ["unknown", "running", "blocked", "paused", "shutting_down", "shut_off", "crashed", "suspended", "unknown"]
    assert states == {**{f"state-{number}": word for number, word in enumerate(words)}, "untold": "unknown"}


def test_a_name_that_is_no_text_skips_the_guest_only(gather, listed):
    listed([(Domain("bad", b"\xff"), {"state.state": 1}), (Domain("good"), {"state.state": 1})])
    found = gather("test:///default", hypervisor_id="hostname")
    assert found.states == {"good": "running"}
    (skipped,) = found.mapping["skipped"]
    assert skipped["name"] == guest_uuid("bad")
    assert "not UTF-8" in skipped["reason"]


def test_facts_that_cannot_be_told_are_left_out_with_a_warning(gather, with_driver):
    with_driver(getVersion=1, getSysinfo=1)
    found = gather("test:///default", hypervisor_id="hostname")
    assert "hypervisor.version" not in found.hypervisor["facts"]
    (warning,) = found.warnings
    assert warning.startswith("the hypervisor's version is missing from the mapping: libvirt at test:///default")


def test_facts_that_the_driver_does_not_have_are_left_out(gather, with_driver):
    with_driver(getVersion=3)
    found = gather("test:///default", hypervisor_id="hostname")
    assert "hypervisor.version" not in found.hypervisor["facts"]
    assert found.warnings == []


def test_a_host_without_name_fails_by_hostname(gather, with_driver):
    with_driver(getHostname=1)
    with pytest.raises(NotFound, match="set hypervisor_id to uuid"):
        gather("test:///default", hypervisor_id="hostname")


def test_a_host_that_is_called_localhost_is_warned_of(gather, monkeypatch):
    monkeypatch.setattr(OldDriver, "getHostname", lambda _self: "localhost.localdomain", raising=False)
    real = libvirt.openAuth
    binding = types.SimpleNamespace(**vars(libvirt))
    binding.openAuth = lambda *arguments: OldDriver(real(*arguments), {})
    monkeypatch.setattr(connection, "libvirt", binding)
    (warning,) = gather("test:///default", hypervisor_id="hostname").warnings
    assert "calls itself localhost.localdomain" in warning


@pytest.mark.parametrize("text, uuid", [("4dea22b31d524d8f8f9a6a5d3a0c9a01\n", True), ("0" * 32, False), ("", False)])
def test_the_machines_own_identity(tmp_path, monkeypatch, text, uuid):
    (tmp_path / "machine-id").write_text(text)
    monkeypatch.setattr(client, "IDENTITY_FILES", (str(tmp_path / "absent"), str(tmp_path / "machine-id")))
    assert client._local_identities() == ({"4dea22b3-1d52-4d8f-8f9a-6a5d3a0c9a01"} if uuid else set())
