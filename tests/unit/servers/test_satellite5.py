# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The Satellite 5 test server against what was observed on a real one, seen by the standard library's client."""

from __future__ import annotations

import base64
import hashlib
import http.client
import typing as t
import xmlrpc.client
import zlib

import pytest
from ansible_collections.virtmap.core.tests.servers.satellite5 import Satellite5Server
from ansible_collections.virtmap.core.tests.servers.satellite5.state import DistMap

Plan = list[list[t.Any]]
UUID = "564dae86b20b02140203dc50d3be0ec2"
HOST: list[t.Any] = [0, "exists", "system", {"identity": "host", "uuid": "0000000000000000"}]
BEGAN: list[t.Any] = [0, "crawl_began", "system", {}]
ENDED: list[t.Any] = [0, "crawl_ended", "system", {}]


@pytest.fixture(name="server")
def server_fixture() -> t.Iterator[Satellite5Server]:
    with Satellite5Server() as server:
        yield server


@pytest.fixture(name="api")
def api_fixture(server: Satellite5Server) -> xmlrpc.client.ServerProxy:
    return xmlrpc.client.ServerProxy(server.url + "/rpc/api", use_builtin_types=True)


@pytest.fixture(name="backend")
def backend_fixture(server: Satellite5Server) -> t.Any:
    return xmlrpc.client.ServerProxy(server.url + "/XMLRPC").registration


@pytest.fixture(name="key")
def key_fixture(api: t.Any) -> str:
    return str(api.auth.login("admin", "secret123"))


@pytest.fixture(name="label")
def label_fixture(api: t.Any, key: str, server: Satellite5Server) -> str:
    """The channel and its map, as hypervisors need them."""
    label = f"hypervisor-base-{server.organization.id}"
    name = f"Hypervisor Base - {server.organization.id}"
    assert api.channel.software.create(key, label, name, "For hypervisors", "channel-x86_64", "") == 1
    assert api.distchannel.setMapForOrg(key, "Hypervisor OS", "unknown", "x86_64", label) == 1
    return label


@pytest.fixture(name="register")
def register_fixture(backend: t.Any, label: str) -> t.Callable[[str], str]:
    del label

    def register(name: str) -> str:
        answer = backend.new_system_user_pass(name, "Hypervisor OS", "unknown", "x86_64", "admin", "secret123", {})
        return str(answer["system_id"])

    return register


def guest(uuid: str = UUID, state: str = "running", **more: t.Any) -> list[t.Any]:
    known = {"vcpus": 1, "memory_size": 0, "virt_type": "fully_virtualized", "name": f"VM {uuid}", "state": state}
    return [0, "exists", "domain", {"uuid": uuid, **known, **more}]


def crawl(*guests: list[t.Any]) -> Plan:
    return [HOST, BEGAN, *guests, ENDED]


def fault_of(call: t.Callable[[], object]) -> xmlrpc.client.Fault:
    with pytest.raises(xmlrpc.client.Fault) as caught:
        call()
    return caught.value


def number_of(system_id: str) -> int:
    values = t.cast("tuple[t.Any, ...]", xmlrpc.client.loads(system_id)[0])[0]
    return int(values["system_id"].removeprefix("ID-"))


# -- sessions


def test_a_session_key_has_its_shape_and_ends_with_logout(api: t.Any, key: str) -> None:
    number, _x, text = key.partition("x")
    assert number.isdigit()
    assert len(text) == 64
    assert api.user.getDetails(key, "admin")["org_name"] == "Acme"
    assert api.auth.logout(key) == 1
    fault = fault_of(lambda: api.user.getDetails(key, "admin"))
    assert (fault.faultCode, fault.faultString) == (
        -1,
        f"com.redhat.rhn.common.hibernate.LookupException: Could not find session with id: {number}",
    )
    fault = fault_of(lambda: api.auth.logout(key))
    assert fault.faultString.endswith(f"unhandled internal exception: Could not find session with id: {number}")


def test_faults_of_keys_and_passwords(api: t.Any, key: str, server: Satellite5Server) -> None:
    fault = fault_of(lambda: api.auth.login("admin", "wrong-one"))
    assert (fault.faultCode, fault.faultString) == (
        2950,
        "redstone.xmlrpc.XmlRpcFault: Either the password or username is incorrect.",
    )
    server.admin.enabled = False
    assert "deactivated" in fault_of(lambda: api.auth.login("admin", "secret123")).faultString
    server.admin.enabled = True
    fault = fault_of(lambda: api.user.getDetails("nonsense", "admin"))
    assert fault.faultCode == -1
    assert "Could not find translator for class java.lang.String to interface" in fault.faultString
    wrong = key.partition("x")[0] + "x" + "0" * 64
    assert fault_of(lambda: api.user.getDetails(wrong, "admin")).faultString.endswith("is not valid.")
    assert fault_of(lambda: api.auth.login("admin", "secret123", 4000)).faultString.endswith("(currently 3600)")


def test_methods_are_found_by_name_count_and_both_spellings(api: t.Any, key: str) -> None:
    assert api.api.get_version() == api.api.getVersion() == "23"
    assert fault_of(api.nosuch.thing).faultString == "The specified handler cannot be found"
    fault = fault_of(lambda: api.user.getDetails(key))
    assert fault.faultString == (
        "redstone.xmlrpc.XmlRpcFault: Could not find method: getDetails in class: "
        "com.redhat.rhn.frontend.xmlrpc.user.UserHandler with params: [java.lang.String]"
    )


def test_a_read_only_user_reads(server: Satellite5Server, api: t.Any, label: str) -> None:
    server.database.add_user("reader", "reader123", server.organization.id, read_only=True)
    key = api.auth.login("reader", "reader123")
    assert api.channel.software.getDetails(key, label)["label"] == label
    fault = fault_of(lambda: api.system.downloadSystemId(key, 1))
    assert fault.faultCode == -1
    assert fault.faultString.endswith("The downloadSystemId API is not available to read-only API users")


# -- channels and maps


@pytest.mark.parametrize(
    "arguments, code, text",
    [
        (("abcdef", "Abcdef", "", "channel-x86_64", ""), -1, "edit.channel.invalidchannelsummary"),
        (("abcdef", "Abc", "s", "channel-x86_64", ""), 1200, "Invalid channel name"),
        (("abcdef", "Red Hat thing", "s", "channel-x86_64", ""), 1200, "Invalid channel name"),
        (("abc", "Abcdef", "s", "channel-x86_64", ""), 1201, "Invalid channel label"),
        (("rhn-abcdef", "Abcdef", "s", "channel-x86_64", ""), 1201, "Invalid channel label"),
        (("abcdef", "Hypervisor Base - 1", "s", "channel-x86_64", ""), 1200, "already in use"),
        (("hypervisor-base-1", "Abcdef", "s", "channel-x86_64", ""), 1201, "already in use"),
        (("abcdef", "Abcdef", "s", "x86_64", ""), -1, "Invalid architecture label"),
        (("abcdef", "Abcdef", "s", "channel-x86_64", "", "md5"), 1210, "checksum"),
        (("abcdef", "Abcdef", "s", "channel-x86_64", "nosuch"), -1, "Parent"),
    ],
)
def test_channel_create_checks(
    api: t.Any, key: str, label: str, arguments: tuple[str, ...], code: int, text: str
) -> None:
    assert label == "hypervisor-base-1"
    fault = fault_of(lambda: api.channel.software.create(key, *arguments))
    assert fault.faultCode == code
    assert text in fault.faultString


def test_channels_and_maps_need_their_roles(server: Satellite5Server, api: t.Any, label: str) -> None:
    server.database.add_user("worker", "worker123", server.organization.id, "channel_admin")
    server.database.add_user("nobody", "nobody123", server.organization.id)
    nobody, worker = api.auth.login("nobody", "nobody123"), api.auth.login("worker", "worker123")
    fault = fault_of(lambda: api.channel.software.create(nobody, "a-label", "A name", "s", "channel-x86_64", ""))
    assert fault.faultCode == -23
    assert api.channel.software.create(worker, "a-label", "A name", "s", "channel-x86_64", "") == 1
    fault = fault_of(lambda: api.distchannel.setMapForOrg(worker, "OS", "unknown", "x86_64", label))
    assert fault.faultCode == -1
    assert "Organization Administrator role" in fault.faultString


def test_maps_are_set_changed_listed_and_deleted(api: t.Any, key: str, label: str, server: Satellite5Server) -> None:
    server.database.maps.append(DistMap(None, "Red Hat Linux", "9", "channel-ia32", "old-channel"))
    expected = {
        "os": "Hypervisor OS",
        "release": "unknown",
        "arch_name": "x86_64",
        "channel_label": label,
        "org_specific": "Y",
    }
    assert [m for m in api.distchannel.listMapsForOrg(key) if m["org_specific"] == "Y"] == [expected]
    assert [m["org_specific"] for m in api.distchannel.listDefaultMaps(key)] == ["N"]
    assert api.distchannel.setMapForOrg(key, "Other OS", "unknown", "x86_64", label) == 1
    assert {**expected, "os": "Other OS"} in api.distchannel.listMapsForOrg(key)
    assert fault_of(lambda: api.distchannel.setMapForOrg(key, "o", "r", "channel-x86_64", label)).faultCode == 1205
    assert fault_of(lambda: api.distchannel.setMapForOrg(key, "o", "r", "x86_64", "nosuch")).faultCode == -210
    assert api.distchannel.setMapForOrg(key, "", "unknown", "x86_64", "") == 1
    assert fault_of(lambda: api.distchannel.setMapForOrg(key, "", "unknown", "x86_64", "")).faultCode == -215
    assert fault_of(lambda: api.channel.software.getDetails(key, "nosuch")).faultString == (
        "redstone.xmlrpc.XmlRpcFault: No such channel: nosuch"
    )


# -- registration


def test_a_registration_returns_seven_keys_and_a_certificate(
    server: Satellite5Server, backend: t.Any, label: str
) -> None:
    answer = backend.new_system_user_pass("h1", "Any OS", "unknown", "x86_64", "admin", "secret123", {})
    system_id = answer.pop("system_id")
    assert answer == {
        "channels": [label],
        "failed_channels": [],
        "failed_options": [],
        "system_slots": ["enterprise_entitled"],
        "failed_system_slots": [],
        "universal_activation_key": [],
    }
    assert system_id.startswith('<?xml version="1.0"?>\n<params>')
    values = t.cast("tuple[t.Any, ...]", xmlrpc.client.loads(system_id)[0])[0]
    assert values["system_id"] == "ID-1000010000"
    assert values["type"] == "REAL"
    fields = values["fields"]
    text = server.database.secret + "".join(values[f] for f in fields) + "".join(fields)
    assert values["checksum"] == hashlib.sha256(text.encode()).hexdigest()


def test_every_registration_makes_a_new_system_and_a_failed_one_uses_a_number_up(
    api: t.Any, key: str, backend: t.Any, register: t.Callable[[str], str]
) -> None:
    first = number_of(register("h1"))
    fault_of(lambda: backend.new_system_user_pass("h1", "x", "nosuch", "x86_64", "admin", "secret123", {}))
    second = number_of(register("h1"))
    assert second == first + 2
    assert [found["id"] for found in api.system.getId(key, "h1")] == [first, second]


@pytest.mark.parametrize(
    "arguments, code, text",
    [
        (("h", "x", "unknown", "x86_64", "", "secret123"), -11, "Valid username"),
        (("h", "x", "unknown", "x86_64", "ad", "secret123"), -13, "Minimum username"),
        (("h", "x", "unknown", "x86_64", "ad min", "secret123"), -15, "invalid characters"),
        (("h", "x", "unknown", "x86_64", "a" * 65, "secret123"), -700, "Maximum username"),
        (("h", "x", "unknown", "x86_64", "admin", ""), -12, "Valid password"),
        (("h", "x", "unknown", "x86_64", "admin", "abcd"), -14, "password must be at least 5 characters"),
        (("h", "x", "unknown", "x86_64", "admin", "a" * 33), -701, "Maximum password"),
        (("h", "x", "unknown", "x86_64", "nosuch", "secret123"), -2, "Attempt to register a system"),
        (("h", "x", "unknown", "x86_64", "admin", "wrong-one"), -2, "Invalid username and password combination."),
        (("", "x", "unknown", "weird", "admin", "secret123"), -800, "System Name"),
        (
            ("h", "x", "nosuch", "weird", "admin", "secret123"),
            -24,
            "Architecture `weird-redhat-linux' is not supported",
        ),
        (("h", "x", "nosuch", "x86_64", "admin", "secret123"), -70, "No matching base channel"),
        (("h", "x", "unknown", "i386", "admin", "secret123"), -70, "No matching base channel"),
    ],
)
def test_registration_faults(backend: t.Any, label: str, arguments: tuple[str, ...], code: int, text: str) -> None:
    del label
    fault = fault_of(lambda: backend.new_system_user_pass(*arguments, {}))
    assert fault.faultCode == code
    assert text in fault.faultString
    assert f"\nError Class Code: {-code}\n" in fault.faultString
    assert "\nExplanation:\n" in fault.faultString


@pytest.mark.parametrize("arch", ["x86_64", "amd64", "ia32e", "x86_64-redhat-linux"])
def test_three_names_of_one_architecture(backend: t.Any, label: str, arch: str) -> None:
    answer = backend.new_system_user_pass("h", "x", "unknown", arch, "admin", "secret123", {})
    assert answer["channels"] == [label]


def test_a_default_activation_key_replaces_the_channel(server: Satellite5Server, backend: t.Any) -> None:
    server.organization.default_key = "1-default"
    answer = backend.new_system_user_pass("h", "x", "nosuch", "x86_64", "admin", "secret123", {})
    assert (answer["channels"], answer["universal_activation_key"]) == ([], ["1-default"])


def test_names_are_cut_to_128(api: t.Any, key: str, register: t.Callable[[str], str]) -> None:
    register("x" * 200)
    assert len(api.system.getId(key, "x" * 128)) == 1


def test_certificates(
    api: t.Any, key: str, backend: t.Any, register: t.Callable[[str], str], server: Satellite5Server
) -> None:
    system_id = register("h1")
    assert backend.refresh_hw_profile(system_id, []) == 0
    assert backend.refresh_hw_profile(f"  {system_id}\n", [{"class": "NETINFO"}, {"class": "weird"}]) == 0
    assert server.database.systems[number_of(system_id)].hardware == ["netinfo"]
    downloaded = api.system.downloadSystemId(key, number_of(system_id))
    assert downloaded != system_id
    assert backend.virt_notify(downloaded, []) == 0
    unlisted = system_id.replace("Initial Registration Parameters", "Something else")
    assert backend.finish_message(unlisted) == [0, "", ""]
    tampered = system_id.replace("Hypervisor OS</string>", "Hypervisor XX</string>")
    for bad in (tampered, "", "<a/>", 17, system_id.replace("ID-1000010000", "ID-1000010001")):
        fault = fault_of(lambda bad=bad: backend.virt_notify(bad, []))  # type: ignore[misc]
        assert fault.faultCode == -9
        assert "Please run rhn_register as root on this client" in fault.faultString
    assert fault_of(lambda: api.system.downloadSystemId(key, 1)).faultCode == -208
    assert fault_of(lambda: backend.refresh_hw_profile(system_id, {})).faultCode == 1


def test_possible_orgs_check_credentials_and_create_nothing(server: Satellite5Server, backend: t.Any) -> None:
    assert backend.get_possible_orgs("admin", "secret123") == {"orgs": {"1": "Acme"}, "default_org": "1"}
    assert fault_of(lambda: backend.get_possible_orgs("admin", "wrong-one")).faultCode == -2
    assert server.database.systems == {}


# -- plans


def test_a_crawl_stores_guests_and_lists_them_without_state(
    server: Satellite5Server, api: t.Any, key: str, backend: t.Any, register: t.Callable[[str], str]
) -> None:
    system_id = register("h1")
    host = number_of(system_id)
    assert backend.virt_notify(system_id, crawl(guest(), guest("ABC", "paused"))) == 0
    assert server.guest_states(host) == {UUID: "running", "abc".zfill(32): "paused"}
    assert api.system.listVirtualGuests(key, host) == [
        {"uuid": UUID, "guest_name": f"VM {UUID}"},
        {"uuid": "abc".zfill(32), "guest_name": "VM ABC"},
    ]
    assert [found["id"] for found in api.system.listVirtualHosts(key)] == [host]
    assert api.system.listVirtualGuests(key, 1) == []
    # The host's own row came before the crawl began and was not confirmed by it.
    own = server.database.known(host, None)
    assert own is not None
    assert own.info is not None
    assert own.info.state == "stopped"


@pytest.mark.parametrize(
    "sent, stored",
    [
        ("nostate", "running"),
        ("running", "running"),
        ("blocked", "running"),
        ("paused", "paused"),
        ("shutdown", "stopped"),
        ("shutoff", "stopped"),
        ("crashed", "crashed"),
    ],
)
def test_states(
    server: Satellite5Server, backend: t.Any, register: t.Callable[[str], str], sent: str, stored: str
) -> None:
    system_id = register("h1")
    backend.virt_notify(system_id, crawl(guest(state=sent)))
    assert server.guest_states(number_of(system_id)) == {UUID: stored}


def test_a_guest_missing_from_a_crawl_is_stopped_but_stays(
    server: Satellite5Server, api: t.Any, key: str, backend: t.Any, register: t.Callable[[str], str]
) -> None:
    system_id = register("h1")
    host = number_of(system_id)
    backend.virt_notify(system_id, crawl(guest(), guest("ABC")))
    backend.virt_notify(system_id, crawl(guest()))
    assert server.guest_states(host) == {UUID: "running", "abc".zfill(32): "stopped"}
    assert len(api.system.listVirtualGuests(key, host)) == 2
    backend.virt_notify(system_id, crawl())
    assert set(server.guest_states(host).values()) == {"stopped"}


def test_a_migration_makes_a_second_row(
    server: Satellite5Server, backend: t.Any, register: t.Callable[[str], str]
) -> None:
    one, two = register("h1"), register("h2")
    backend.virt_notify(one, crawl(guest()))
    backend.virt_notify(two, crawl(guest()))
    states = [server.guest_states(number_of(one)), server.guest_states(number_of(two))]
    assert states == [{UUID: "running"}, {UUID: "running"}]
    backend.virt_notify(one, crawl())
    assert server.guest_states(number_of(one)) == {UUID: "stopped"}
    assert server.guest_states(number_of(two)) == {UUID: "running"}


def test_a_crawl_that_never_ended_is_ended_by_another_host(
    server: Satellite5Server, backend: t.Any, register: t.Callable[[str], str]
) -> None:
    one, two = register("h1"), register("h2")
    backend.virt_notify(one, crawl(guest()))
    backend.virt_notify(one, [HOST, BEGAN])
    assert server.guest_states(number_of(one)) == {UUID: "running"}
    backend.virt_notify(two, crawl())
    assert server.guest_states(number_of(one)) == {UUID: "stopped"}


@pytest.mark.parametrize(
    "item, text",
    [
        (guest(state="weird"), "<type 'exceptions.KeyError'> : 'weird'\n"),
        (guest("564dae86-b20b"), "<type 'exceptions.ValueError'> : invalid literal for long() with base 16"),
        (guest("guest1"), "invalid literal for long() with base 16: 'guest1'"),
        ([0, "exists", "domain", {"uuid": "aa"}], "<type 'exceptions.KeyError'> : 'name'\n"),
        ([0, "removed", "domain", {}], "<type 'exceptions.KeyError'> : 'uuid'\n"),
        (guest(memory_size="lots"), "<type 'exceptions.ValueError'>"),
    ],
)
def test_one_bad_guest_loses_the_plan(
    server: Satellite5Server, backend: t.Any, register: t.Callable[[str], str], item: list[t.Any], text: str
) -> None:
    system_id = register("h1")
    backend.virt_notify(system_id, crawl(guest("AB")))
    fault = fault_of(lambda: backend.virt_notify(system_id, [HOST, BEGAN, guest(), item, ENDED]))
    assert fault.faultCode == 1
    assert fault.faultString.startswith("While running 'registration.virt_notify': caught\n")
    assert text in fault.faultString
    assert server.guest_states(number_of(system_id)) == {"ab".zfill(32): "running"}
    assert server.database.unconfirmed() == []


def test_python_3_words_its_faults_otherwise() -> None:
    with Satellite5Server(python=3) as server:
        server.organization.default_key = "1-default"
        backend: t.Any = xmlrpc.client.ServerProxy(server.url + "/XMLRPC").registration
        answer = backend.new_system_user_pass("h", "x", "unknown", "x86_64", "admin", "secret123", {})
        fault = fault_of(lambda: backend.virt_notify(answer["system_id"], [guest("a-b")]))
        assert "<class 'ValueError'> : invalid literal for int() with base 16: 'a-b'" in fault.faultString


@pytest.mark.parametrize(
    "item", [guest(vcpus="many"), guest(name="x" * 129), [0, "exists", "log_message", {"id": 1, "message": "m"}]]
)
def test_what_the_database_refuses_is_http_500(
    server: Satellite5Server, backend: t.Any, register: t.Callable[[str], str], item: list[t.Any]
) -> None:
    system_id = register("h1")
    with pytest.raises(xmlrpc.client.ProtocolError) as caught:
        backend.virt_notify(system_id, crawl(guest("AB"), item))
    assert caught.value.errcode == 500
    assert server.guest_states(number_of(system_id)) == {}


@pytest.mark.parametrize(
    "item",
    [
        [0, "exists", "domain", {"name": "x"}],
        [0, "weird", "domain", {}],
        [0, "exists", "domain"],
        [0, "exists", "system", {"identity": "martian", "uuid": "0"}],
    ],
)
def test_a_malformed_item_is_skipped_in_silence(
    server: Satellite5Server, backend: t.Any, register: t.Callable[[str], str], item: list[t.Any]
) -> None:
    system_id = register("h1")
    assert backend.virt_notify(system_id, crawl(item, guest())) == 0
    assert server.guest_states(number_of(system_id)) == {UUID: "running"}


@pytest.mark.parametrize("plan", [{"a": 1}, "plan"])
def test_a_plan_that_is_no_array_is_skipped_in_silence(
    backend: t.Any, register: t.Callable[[str], str], plan: t.Any
) -> None:
    assert backend.virt_notify(register("h1"), plan) == 0


def test_odd_values_that_are_stored(server: Satellite5Server, backend: t.Any, register: t.Callable[[str], str]) -> None:
    system_id = register("h1")
    host = number_of(system_id)
    guests = [guest("0xaa09", memory_size="99999999999"), guest("1" * 40, vcpus="4", memory_size=1.5)]
    assert backend.virt_notify(system_id, crawl(*guests)) == 0
    first, second = server.database.known(host, "aa09".zfill(32)), server.database.known(host, "1" * 40)
    assert first is not None
    assert first.info is not None
    assert first.info.memory == 99999999999
    assert second is not None
    assert second.info is not None
    assert (second.info.vcpus, second.info.memory) == (4, 1)
    assert backend.virt_notify(system_id, [[0, "removed", "domain", {"uuid": "aa09"}]]) == 0
    assert first.info.state == "stopped"
    assert backend.virt_notify(system_id, crawl(guest("", name="the host itself"))) == 0
    own = server.database.known(host, None)
    assert own is not None
    assert own.info is not None
    assert own.info.name == "the host itself"


def test_an_unknown_virt_type(
    server: Satellite5Server, api: t.Any, key: str, backend: t.Any, register: t.Callable[[str], str]
) -> None:
    system_id = register("h1")
    host = number_of(system_id)
    backend.virt_notify(system_id, crawl(guest(virt_type="weird")))
    assert api.system.listVirtualGuests(key, host) == [{"uuid": UUID, "guest_name": "(none)"}]
    backend.virt_notify(system_id, crawl(guest()))
    assert len(api.system.listVirtualGuests(key, host)) == 2
    with pytest.raises(xmlrpc.client.ProtocolError):
        backend.virt_notify(system_id, crawl(guest(virt_type="weird")))


def test_registered_guests_and_deleted_hosts(
    server: Satellite5Server, api: t.Any, key: str, backend: t.Any, register: t.Callable[[str], str]
) -> None:
    system_id = register("h1")
    host = number_of(system_id)
    backend.virt_notify(system_id, crawl(guest(), guest("ABC")))
    other = {"virt_uuid": UUID, "virt_type": "fully"}
    backend.new_system_user_pass("web1", "x", "unknown", "x86_64", "admin", "secret123", other)
    listed = {entry["uuid"]: entry.get("name") for entry in api.system.listVirtualGuests(key, host)}
    assert listed == {UUID: "web1", "abc".zfill(32): None}
    with pytest.raises(xmlrpc.client.ProtocolError):
        backend.new_system_user_pass("w", "x", "unknown", "x86_64", "admin", "secret123", {"virt_uuid": "aa"})
    assert api.system.deleteSystem(key, host) == 1
    assert fault_of(lambda: backend.virt_notify(system_id, [])).faultCode == -9
    assert [(row.uuid, row.host) for row in server.database.instances()] == [(UUID, None)]
    # A new registration of the host does not pick the row up again.
    again = register("h1")
    backend.virt_notify(again, crawl(guest()))
    assert {(row.uuid, row.host) for row in server.database.instances(uuid=UUID)} == {
        (UUID, None),
        (UUID, number_of(again)),
    }


# -- HTTP


def test_only_the_greeting_is_compressed(server: Satellite5Server) -> None:
    client = http.client.HTTPConnection(server.host, server.port, timeout=10)
    client.request("POST", "/XMLRPC", xmlrpc.client.dumps((), "registration.welcome_message"))
    answer = client.getresponse()
    assert answer.getheader("Content-Encoding") == "x-zlib"
    assert answer.getheader("X-RHN-Server-Capability")
    text = zlib.decompress(base64.b64decode(answer.read()))
    assert t.cast("tuple[t.Any, ...]", xmlrpc.client.loads(text)[0]) == ("Red Hat Satellite Welcome Message",)


@pytest.mark.parametrize(
    "method, path, body, status",
    [
        ("POST", "/XMLRPC", b"", 400),
        ("POST", "/XMLRPC", b"no XML", 500),
        ("GET", "/XMLRPC", b"", 405),
        ("GET", "/rpc/api", b"", 302),
        ("POST", "/elsewhere", b"x", 404),
    ],
)
def test_statuses(server: Satellite5Server, method: str, path: str, body: bytes, status: int) -> None:
    client = http.client.HTTPConnection(server.host, server.port, timeout=10)
    client.request(method, path, body)
    assert client.getresponse().status == status


def test_unknown_classes_and_functions() -> None:
    with Satellite5Server(registration=False) as gone, Satellite5Server() as server:
        fault = fault_of(lambda: xmlrpc.client.ServerProxy(gone.url + "/XMLRPC").registration.virt_notify("", []))
        assert fault.faultCode == -1
        assert "class xmlrpc.registration is not defined (function = virt_notify)" in fault.faultString
        fault = fault_of(xmlrpc.client.ServerProxy(server.url + "/XMLRPC").registration.nosuch)
        assert fault.faultCode == -1
        assert "Invalid request received (function: registration.nosuch invalid)." in fault.faultString
        fault = fault_of(xmlrpc.client.ServerProxy(server.url + "/XMLRPC").registration.virt_notify)
        assert fault.faultCode == 1
        assert "<type 'exceptions.TypeError'>" in fault.faultString
