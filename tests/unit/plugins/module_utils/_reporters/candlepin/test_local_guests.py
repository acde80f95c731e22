# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The local mode: a registered host reports its own guests."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
    Partial,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.local_guests import check_in_guests
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.options import GUESTS
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    guest,
    host,
    mapping,
)


class LocalHost:
    """A registered host that reports itself."""

    def __init__(self, reporter: Reporter) -> None:
        self.server = reporter.server
        self.registered = reporter.server.register("acme", "kvm1.example.com")
        self.warnings: list[str] = []
        self.defaults: dict[str, t.Any] = {
            name: reporter.defaults[name] for name in ("server", "prefix", "ca_path", "timeout", "proxy")
        }
        self.defaults.update(client_cert=str(self.registered.pair.cert), client_key=str(self.registered.pair.key))

    def __call__(self, document: dict[str, t.Any], check: bool = False, diff: bool = False, **more: t.Any) -> t.Any:
        group: OptionGroup = GUESTS
        given = {**self.defaults, "mapping": document, **more}
        values = group.validate({name: value for name, value in given.items() if value is not None}, "the test")
        return check_in_guests(values, self.warnings.append, check, diff)

    def fails(self, *arguments: t.Any, **more: t.Any) -> VirtmapError:
        with pytest.raises(VirtmapError) as caught:
            self(*arguments, **more)
        return caught.value

    def puts(self) -> list[t.Any]:
        return [json.loads(entry.body) for entry in self.server.log.find("PUT")]

    def held(self) -> t.Any:
        return self.server.state.consumers[self.registered.uuid]


@pytest.fixture(name="local")
def local_fixture(reporter: Reporter) -> LocalHost:
    return LocalHost(reporter)


@pytest.mark.parametrize("flavour", ["plain", "hosted", "katello", "candlepin3", "candlepin2", "katello2"])
def test_reports_then_finds_all_unchanged_then_says_what_changed(make: t.Callable[..., Reporter], flavour: str) -> None:
    local = LocalHost(make(flavour))
    first = local(mapping(host("KVM1", ["g1", "g2"]), backend="libvirt"))
    assert (first["changed"], first["added"], first["removed"]) == (True, ["g1", "g2"], [])
    assert local(mapping(host("KVM1", ["g2", "g1"]), backend="libvirt"))["changed"] is False
    third = local(mapping(host("KVM1", ["g2", "g3"]), backend="libvirt"))
    assert (third["changed"], third["added"], third["removed"]) == (True, ["g3"], ["g1"])
    off = local(mapping(host("KVM1", ["g2", guest("g3", "shut_off")]), backend="libvirt"))
    assert (off["changed"], off["added"], off["removed"]) == (True, [], [])
    assert local(mapping(host("KVM1", []), backend="libvirt"))["removed"] == ["g2", "g3"]
    assert local.held().guests == []
    assert local.warnings == []
    assert local.server.log.used_connections() == {1, 2, 3, 4, 5}


def test_the_body_is_what_virt_who_sends(local: LocalHost) -> None:
    local(mapping(host("KVM1", [guest("g2", "paused"), guest("g1", "shut_off")]), backend="libvirt"))
    assert local.puts() == [
        {
            "guestIds": [
                {"guestId": "g1", "state": 5, "attributes": {"virtWhoType": "libvirt", "active": 0}},
                {"guestId": "g2", "state": 3, "attributes": {"virtWhoType": "libvirt", "active": 1}},
            ],
            "hypervisorId": {"hypervisorId": "KVM1"},
        }
    ]
    assert local.held().hypervisor.hypervisor_id == "kvm1"


def test_a_server_that_lists_no_guests_gets_bare_ids_and_its_silence_is_said(make: t.Callable[..., Reporter]) -> None:
    local = LocalHost(make("sam"))
    local.server.faults.add(faults.status(404), method="GET", path=".*/guestids", times=None)
    result = local(mapping(host("KVM1", ["g1"])))
    assert local.puts()[0]["guestIds"] == ["g1"]
    assert result["changed"] is True
    assert any("it cannot be told what changes" in text for text in local.warnings)


def test_check_mode_and_difference_write_nothing(local: LocalHost) -> None:
    local(mapping(host("KVM1", ["g1"])))
    result = local(mapping(host("KVM1", ["g2"])), check=True, diff=True)
    assert (result["changed"], result["added"], result["removed"]) == (True, ["g2"], ["g1"])
    assert result["diff"]["before"] == {"hypervisor_id": "kvm1", "guests": ["g1"]}
    assert result["diff"]["after"] == {"hypervisor_id": "kvm1", "guests": ["g2"]}
    assert len(local.puts()) == 1
    assert local(mapping(host("KVM1", ["g1"])), check=True)["changed"] is False
    assert local(mapping(host("other", ["g1"])), check=True)["changed"] is True


def test_a_user_reports_for_the_system_that_is_named(local: LocalHost) -> None:
    given = {"client_cert": None, "client_key": None, "username": "admin", "password": "s3cret-of-admin"}
    assert isinstance(local.fails(mapping(host("KVM1")), **given), InvalidInput)
    result = local(mapping(host("KVM1", ["g1"])), consumer_uuid=local.registered.uuid, **given)
    assert result["added"] == ["g1"]
    unknown = local.fails(mapping(host("KVM1")), consumer_uuid="nobody/../x", **given)
    assert isinstance(unknown, NotFound)
    assert "does not know the consumer nobody/../x" in unknown.message


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (mapping(), "holds 0 hypervisors"),
        (mapping(host("A"), host("B")), "holds 2 hypervisors"),
        (mapping(host("A", None)), "the guests are not known"),
        (mapping(hypervisors=None), "mapping.hypervisors is missing or null"),
        (mapping(host("x" * 256)), "256 characters"),
    ],
)
def test_a_mapping_that_is_not_of_this_host_is_refused(
    local: LocalHost, document: dict[str, t.Any], words: str
) -> None:
    failure = local.fails(document)
    assert isinstance(failure, InvalidInput)
    assert words in failure.message
    assert local.server.log.connections == 0


def test_an_id_that_another_record_has_is_explained(local: LocalHost, reporter: Reporter) -> None:
    reporter(mapping(host("KVM1", ["g9"])))
    failure = local.fails(mapping(host("KVM1", ["g1"])))
    assert isinstance(failure, InvalidInput)
    assert "belongs to another record" in failure.message
    assert reporter.guests_of("kvm1") == ["g9"]


def test_a_guest_that_the_server_drops_is_a_failure(local: LocalHost) -> None:
    local.server.faults.add(faults.status(204), method="PUT")
    failure = local.fails(mapping(host("KVM1", ["g1"])))
    assert isinstance(failure, Partial)
    assert "did not take 1 of 1 guests: g1" in failure.message


def test_a_deleted_system_is_told_so(local: LocalHost) -> None:
    local.server.state.delete(local.held())
    failure = local.fails(mapping(host("KVM1")))
    assert isinstance(failure, Denied)
    assert "was deleted" in failure.message


@pytest.mark.parametrize("path", ["/candlepin/", "/candlepin/consumers/.*", "/candlepin/status"])
@pytest.mark.parametrize("fault", [faults.hang, faults.drip_body, faults.cut_off])
def test_a_server_that_does_not_answer_in_full(
    local: LocalHost, path: str, fault: t.Callable[[], faults.Fault]
) -> None:
    local.server.faults.add(fault(), path=path, times=None)
    assert isinstance(local.fails(mapping(host("KVM1", ["g1"])), timeout=2), CannotConnect)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/candlepin/", "object"),
        ("/candlepin/consumers/[^/]*", "list"),
        (".*/guestids", "object"),
        (".*/guestids", "null"),
    ],
)
def test_nonsense_is_said(local: LocalHost, path: str, kind: str) -> None:
    local.server.faults.add(faults.nonsense(kind), path=path, method="GET", times=None)
    assert "127.0.0.1" in local.fails(mapping(host("KVM1", ["g1"]))).message
