# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend with a real daemon: its transports, its guests, its host."""

from __future__ import annotations

import multiprocessing
import os
import stat
import threading

import libvirt
import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt import client
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
)
from ansible_collections.virtmap.core.tests.lab.libvirtd import (
    HOST_UUID,
    Libvirtd,
    domain_xml,
    guest_uuid,
    write_node_file,
)

HOSTILE = "{{ lookup('pipe', 'id') }}"
STATES = {"web1": "running", "db1": "paused", HOSTILE: "shut_off"}
SASL = {"username": "reader", "password": "s3cret"}


def test_qemu_guests_and_facts(daemon, gather):
    found = gather(daemon.uri())
    native = libvirt.openReadOnly(daemon.uri())
    assert found.states == STATES
    assert {guest["uuid"] for guest in found.hypervisor["guests"]} == {guest_uuid(name) for name in STATES}
    assert found.hypervisor["id"] == found.hypervisor["uuid"] == HOST_UUID
    assert found.hypervisor["name"] == native.getHostname()
    facts = found.hypervisor["facts"]
    assert facts["hypervisor.type"] == "QEMU"
    assert facts["hypervisor.version"] == native.getVersion() > 1_000_000
    assert facts["dmi.system.uuid"] == HOST_UUID
    assert int(facts["cpu.cpu_socket(s)"]) >= 1
    assert found.mapping["source"] == daemon.uri()
    native.close()


def test_the_hostname_as_id(daemon, gather):
    found = gather(daemon.uri(), hypervisor_id="hostname")
    assert found.hypervisor["id"] == found.hypervisor["name"]
    assert found.warnings == []


@pytest.mark.parametrize("transport, options", [("tcp", SASL), ("tls", {})])
def test_other_transports_give_the_same(daemon, gather, transport, options):
    uri = daemon.uri(transport)
    found = gather(uri, **options)
    assert found.mapping["hypervisors"] == gather(daemon.uri()).mapping["hypervisors"]
    assert found.mapping["source"] == uri.partition("?")[0]


def test_sasl_with_the_wrong_password(daemon, gather):
    with pytest.raises(Denied, match="refused the credentials") as caught:
        gather(daemon.uri("tcp"), username="reader", password="wr0ng")
    assert "wr0ng" not in caught.value.message


def test_sasl_without_credentials(daemon, gather):
    with pytest.raises(Denied, match="set username and password"):
        gather(daemon.uri("tcp"))


def test_credentials_from_an_authfile(daemon, gather, tmp_path):
    path = tmp_path / "auth.conf"
    path.write_text("[credentials-x]\nauthname=reader\npassword=s3cret\n[auth-libvirt-127.0.0.1]\ncredentials=x\n")
    found = gather(f"{daemon.uri('tcp')}?authfile={path}")
    assert found.states == STATES
    assert str(path) not in found.mapping["source"]


@pytest.mark.parametrize("pki, error, words", [
    ("stranger", CannotConnect, "certificate that is not trusted"),
    ("anonymous", Denied, "did not accept the client's certificate"),
])  # fmt: skip
def test_tls_that_does_not_fit(daemon, gather, pki, error, words, capfd):
    with pytest.raises(error, match=words):
        gather(daemon.uri("tls", pki=pki))


def test_tls_without_certificates(daemon, gather, tmp_path):
    with pytest.raises(InvalidInput, match="Cannot read CA certificate"):
        gather(f"qemu+tls://127.0.0.1:{daemon.tls_port}/system?pkipath={tmp_path}")


def test_tls_with_another_name_in_the_certificate(gather):
    with Libvirtd(tls=True, tls_names=["kvm9.example.com"]) as other:
        with pytest.raises(CannotConnect, match="not trusted, or one for another name"):
            gather(other.uri("tls"))


def test_a_wrong_path(daemon, gather):
    with pytest.raises(NotFound, match="correct the path in uri"):
        gather(daemon.uri(path="/nowhere"))


def test_a_driver_that_the_daemon_lacks(daemon, gather):
    with pytest.raises(NotFound, match="has no driver for this kind of hypervisor"):
        gather(daemon.uri(driver="xen", path="/system"))


def test_an_unknown_transport(gather):
    with pytest.raises(InvalidInput, match="correct uri"):
        gather("qemu+pigeon://kvm1.example.com/system")


def test_a_socket_that_is_not_there(gather, tmp_path):
    with pytest.raises(CannotConnect, match="No such file or directory; check uri"):
        gather(f"qemu+unix:///system?socket={tmp_path}/absent")


SSH = """#!/bin/sh
for word in "$@"; do echo "$word" >>{record}; done
{body}
"""


def fake_ssh(tmp_path, body):
    """A program in ssh's place; it writes down what it was told."""
    program = tmp_path / "ssh"
    program.write_text(SSH.format(record=tmp_path / "record", body=body))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_ssh_reaches_the_daemon_without_a_terminal(daemon, gather, tmp_path):
    bridge = tmp_path / "bridge.py"
    bridge.write_text(BRIDGE)
    program = fake_ssh(tmp_path, f"exec python3 {bridge} {daemon.socket}")
    found = gather(f"qemu+ssh://root@kvm1.example.com{daemon.path}?command={program}&keyfile=/root/key")
    assert found.states == STATES
    assert found.mapping["source"] == f"qemu+ssh://kvm1.example.com{daemon.path}"
    assert "BatchMode=yes" in (tmp_path / "record").read_text()


def test_ssh_that_does_not_get_in(gather, tmp_path):
    program = fake_ssh(
        tmp_path, "head -c 4 >/dev/null; echo 'root@kvm1: Permission denied (publickey,password).' >&2; exit 255"
    )
    with pytest.raises(CannotConnect, match=r"through ssh: .*publickey.* log in there with ssh"):
        gather(f"qemu+ssh://root@kvm1.example.com/system?command={program}")


BRIDGE = """
import os, socket, sys, threading
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
def back():
    while True:
        data = sock.recv(65536)
        if not data:
            os._exit(0)
        os.write(1, data)
threading.Thread(target=back, daemon=True).start()
while True:
    data = os.read(0, 65536)
    if not data:
        break
    sock.sendall(data)
"""


def test_more_guests_than_one_answer_carries(daemon, gather, node_folder):
    path = write_node_file(node_folder / "node.xml", 17_000, shut_off=7_000)
    found = gather(daemon.uri(driver="test", path=path), hypervisor_id="hostname")
    assert len(found.states) == 17_000
    assert sum(state == "running" for state in found.states.values()) == 10_000


def test_more_running_guests_than_libvirt_can_list(daemon, gather, node_folder):
    path = write_node_file(node_folder / "node.xml", 16_400)
    with pytest.raises(BadAnswer, match="more guests than libvirt's protocol lets it list"):
        gather(daemon.uri(driver="test", path=path), hypervisor_id="hostname")


def test_guests_that_come_and_go_disturb_nobody(daemon, gather):
    writer = libvirt.open(daemon.uri())
    ended = threading.Event()
    rounds = 0

    def churn():
        nonlocal rounds
        while not ended.is_set():
            domain = writer.defineXML(domain_xml("fleeting"))
            domain.undefine()
            rounds += 1

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _number in range(30):
            found = gather(daemon.uri())
            states = {name: state for name, state in found.states.items() if name != "fleeting"}
            assert states == STATES
            assert found.mapping["skipped"] == []
    finally:
        ended.set()
        thread.join(30)
        writer.close()
    assert rounds > 30


def test_a_uuid_that_the_firmware_does_not_tell_is_warned_of(daemon, gather):
    if os.path.exists("/sys/class/dmi/id/product_uuid"):
        pytest.skip("this machine's firmware tells a uuid")
    warnings = gather(daemon.uri()).warnings
    assert len(warnings) == 1
    assert f"the host uuid {HOST_UUID} of libvirt at {daemon.uri()} comes from no firmware" in warnings[0]
    assert "set hypervisor_id to hostname" in warnings[0]


def test_a_uuid_that_the_machine_itself_tells_is_not_warned_of(daemon, gather, monkeypatch, tmp_path):
    (tmp_path / "machine-id").write_text(HOST_UUID.replace("-", "") + "\n")
    monkeypatch.setattr(client, "IDENTITY_FILES", (str(tmp_path / "machine-id"),))
    assert gather(daemon.uri()).warnings == []


def test_the_connection_is_read_only(daemon, gather):
    # The daemon's read-only socket, where it has one, is enough.
    socket = daemon.socket_ro or daemon.socket
    assert gather(f"qemu+unix://{daemon.path}?socket={socket}").states == STATES


def test_the_library_is_silent(daemon, gather, capfd):
    with pytest.raises(NotFound):
        gather(daemon.uri(path="/nowhere"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_somebody_who_may_not_use_the_socket(doomed, gather):
    os.chmod(doomed.socket, 0o600)
    receiver, sender = multiprocessing.Pipe()

    def ask() -> None:
        os.setgroups([])
        os.setresgid(1, 1, 1)
        os.setresuid(1, 1, 1)
        with pytest.raises(Denied) as caught:
            gather(doomed.uri())
        sender.send(caught.value.message)

    child = multiprocessing.get_context("fork").Process(target=ask)
    child.start()
    child.join()
    assert child.exitcode == 0
    message = receiver.recv()
    assert "does not let this user in" in message
    assert "run the task with become" in message
