# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The port: who else has it, when nobody listens, when it is full, and when it goes away."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time

import pytest


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    theirs.close()
    ours.close()


def port_on(end):
    from virtmap_guest_agent.port import Port

    return Port(os.dup(end.fileno()))


def test_port_that_another_program_has_is_waited_for(host, start, monkeypatch, caplog):
    from virtmap_guest_agent import port

    real, refused = os.open, []

    def busy_twice(path, *arguments):
        if path == host.path and len(refused) < 2:
            refused.append(path)
            raise OSError(errno.EBUSY, "Device or resource busy")
        return real(path, *arguments)

    monkeypatch.setattr(port.os, "open", busy_twice)
    start()
    host.until("fqdn")
    assert len(refused) == 2
    assert caplog.text.count("another program has") == 1


def test_port_that_is_not_there_is_waited_for(host, start, settings, tmp_path):
    from dataclasses import replace

    late = tmp_path / "ovirt-guest-agent.0"
    start(replace(settings(), ports=(str(tmp_path / "com.redhat.rhevm.vdsm"), str(late))))
    time.sleep(0.5)
    late.symlink_to(host.path)
    assert host.until("fqdn")


def test_older_name_is_preferred():
    from virtmap_guest_agent.configuration import read_settings

    assert read_settings(()).ports == (
        "/dev/virtio-ports/com.redhat.rhevm.vdsm",
        "/dev/virtio-ports/ovirt-guest-agent.0",
    )


def test_agent_does_not_spin_while_no_host_is_there(settings, orders, pair):
    from virtmap_guest_agent import agent as module
    from virtmap_guest_agent.information import Information
    from virtmap_guest_agent.work import Worker

    ours, theirs = pair
    theirs.close()
    turns = []

    class Counting(module.Agent):
        def _receive(self, port):
            turns.append(1)
            super()._receive(port)

    agent = Counting(settings("heart_beat_rate = 60"), Information(settings()), Worker(orders.table(), ""))
    port = port_on(ours)
    thread = threading.Thread(target=agent.serve, args=(port,), daemon=True)
    thread.start()
    time.sleep(3)
    agent.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert len(turns) <= 6


def test_nothing_is_queued_while_no_host_is_there_and_a_broken_line_is_ended(pair):
    ours, theirs = pair
    port = port_on(ours)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    port.send(b"x" * 1_000_000 + b"\n")
    port.send(b"never\n")
    port.flush()
    assert port.pending
    port.forget()
    theirs.setblocking(False)
    port.send(b"fresh\n")
    received = b""
    while port.pending:
        received += theirs.recv(65536)
        port.flush()
    while True:
        try:
            received += theirs.recv(65536)
        except BlockingIOError:
            break
    assert received.strip(b"x") == b"\nfresh\n"


def test_agent_ends_although_the_host_does_not_read(settings, orders, pair):
    from virtmap_guest_agent.agent import Agent
    from virtmap_guest_agent.information import Information
    from virtmap_guest_agent.work import Worker

    ours, theirs = pair
    agent = Agent(settings(), Information(settings()), Worker(orders.table(), ""))
    port = port_on(ours)
    thread = threading.Thread(target=agent.serve, args=(port,), daemon=True)
    thread.start()
    for number in range(200):
        agent.report("echo", {"text": "x" * 10000, "number": number})
    time.sleep(1)
    assert port.pending
    agent.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_queue_is_bounded(pair, caplog):
    from virtmap_guest_agent.port import LARGEST_QUEUE

    ours, theirs = pair
    port = port_on(ours)
    for _number in range(100):
        port.send(b"x" * 100_000 + b"\n")
    assert caplog.text.count("does not read") == 1
    theirs.setblocking(False)
    received = 0
    while port.pending:
        port.flush()
        received += len(theirs.recv(1_000_000))
    assert received <= LARGEST_QUEUE
    assert "messages were dropped" in caplog.text


def test_long_line_is_written_in_parts_that_the_kernel_takes(pair, monkeypatch):
    from virtmap_guest_agent import port as module

    ours, theirs = pair
    real, sizes = os.write, []

    def write(descriptor, data):
        sizes.append(len(data))
        return real(descriptor, data[:32768])

    monkeypatch.setattr(module.os, "write", write)
    port = port_on(ours)
    line = os.urandom(100_000).hex().encode() + b"\n"
    port.send(line)
    received = b""
    while len(received) < len(line):
        port.flush()
        received += theirs.recv(65536)
    assert received == line
    assert max(sizes) == 32768


def test_removal_is_told_followed_by_a_blank_line(pair, host):
    from virtmap_guest_agent.__main__ import say_uninstalled

    say_uninstalled(["/nonexistent/port", host.path])
    assert os.read(host.end, 4096) == b'{"__name__": "uninstalled"}\n\n'


def test_program_serves_and_ends_with_sigterm(host, tmp_path):
    import signal
    import subprocess
    import sys

    from .conftest import PROGRAM

    configuration = tmp_path / "agent.conf"
    configuration.write_text(f"[virtio]\ndevice = {host.path}\n")
    command = [sys.executable, "-m", "virtmap_guest_agent", "--config", str(configuration)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(PROGRAM)})
    try:
        host.until("fqdn")
        process.send_signal(signal.SIGTERM)
        assert host.until("session-shutdown")
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
