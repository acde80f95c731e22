# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the agent finds out about its machine."""

from __future__ import annotations

import json
import os
import socket
import threading
import time

import pytest


def test_interfaces_are_those_of_the_kernel():
    from virtmap_guest_agent.network import interfaces

    found = interfaces(())
    assert "lo" not in [entry["name"] for entry in found]
    for entry in found:
        assert entry.keys() == {"name", "hw", "inet", "inet6"}
        with open(f"/sys/class/net/{entry['name']}/address", encoding="ascii") as address:
            assert entry["hw"] == address.read().strip()
        for family, key in ((socket.AF_INET, "inet"), (socket.AF_INET6, "inet6")):
            assert all(socket.inet_pton(family, address) for address in entry[key])
    names = [entry["name"] for entry in found]
    assert interfaces(names) == []


def test_file_systems_are_told_but_ignored_and_empty_ones(tmp_path):
    from virtmap_guest_agent.storage import file_systems

    spaced = tmp_path / "a b"
    spaced.mkdir()
    fenced = tmp_path / "etc"
    fenced.mkdir()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"24 1 254:0 / {str(spaced).replace(' ', chr(92) + '040')} rw,relatime shared:1 - ext4 /dev/vda rw\n"
        f"90 24 254:0 /etc {fenced} ro,relatime shared:5 master:1 - ext4 /dev/vda rw\n"
        "21 24 0:19 / /proc rw,nosuid shared:5 - proc proc rw\n"
        "22 24 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"
        f"23 24 254:16 / {tmp_path}/gone rw - ext4 /dev/vdb rw\n"
    )
    found = file_systems({"proc"}, True, str(mounts))
    assert [(entry["path"], entry["fs"]) for entry in found] == [(str(spaced), "ext4")]
    assert 0 < found[0]["used"] <= found[0]["total"]
    assert [entry["path"] for entry in file_systems((), False, str(mounts))] == [str(spaced), "/proc", "/sys"]


def test_parts_of_a_file_system_are_told_where_the_whole_is_not(tmp_path):
    from virtmap_guest_agent.storage import file_systems

    names = ("home", "root")
    for name in names:
        (tmp_path / name).mkdir()
    mounts = tmp_path / "mountinfo"
    mounts.write_text("".join(f"3{name} 1 0:40 /@{name} {tmp_path / name} rw - btrfs /dev/vda rw\n" for name in names))
    assert [entry["path"] for entry in file_systems((), True, str(mounts))] == [str(tmp_path / name) for name in names]


def test_disks_are_told_by_the_serial_that_udev_or_the_kernel_knows(tmp_path):
    from virtmap_guest_agent.storage import disks

    for name, number, serial in (("vda", "252:0", None), ("vdb", "252:16", "KERNEL1\n"), ("vdc", "252:32", None)):
        folder = tmp_path / "sys/block" / name
        folder.mkdir(parents=True)
        (folder / "dev").write_text(number + "\n")
        if serial:
            (folder / "serial").write_text(serial)
    data = tmp_path / "run/udev/data"
    data.mkdir(parents=True)
    (data / "b252:0").write_text("S:disk/by-id/x\nE:ID_SERIAL=UDEV1\n")
    assert disks(str(tmp_path)) == {"UDEV1": {"name": "/dev/vda"}, "KERNEL1": {"name": "/dev/vdb"}}


@pytest.mark.parametrize(
    "prepare, zone",
    [
        (lambda etc: (etc / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Rome"), "Europe/Rome"),
        (lambda etc: (etc / "localtime").symlink_to("../usr/share/zoneinfo/America/Argentina/Salta"), "America/Argentina/Salta"),
        (lambda etc: (etc / "timezone").write_text("Asia/Tokyo\n"), "Asia/Tokyo"),
        (lambda etc: [(etc / "sysconfig").mkdir(), (etc / "sysconfig/clock").write_text('ZONE="Europe/Oslo"\n')], "Europe/Oslo"),
        (lambda etc: None, ""),
    ],
)  # fmt: skip
def test_time_zone(tmp_path, prepare, zone):
    from virtmap_guest_agent.system import timezone

    (tmp_path / "etc").mkdir()
    prepare(tmp_path / "etc")
    told = timezone(str(tmp_path))
    assert told["zone"] == zone
    assert told["offset"] == -time.timezone // 60


def test_time_zone_that_is_changed_while_the_agent_runs(monkeypatch):
    from virtmap_guest_agent.system import timezone

    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC-5:30")
        assert timezone()["offset"] == 330
    time.tzset()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program that says something in front of all others."""
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])

    def put(name, text):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    return put


def test_packages_of_debian(program):
    from virtmap_guest_agent.software import applications

    program(
        "dpkg-query",
        r"printf 'installed\tlinux-image-6.1.0-40-cloud-amd64\t6.1.153-1\ninstalled\tcloud-init\t22.4\n"
        r"config-files\tqemu-guest-agent\t7.2\ninstalled\tlinux-image-tools\t1\n'",
    )
    assert applications(["linux-image", "cloud-init", "qemu-guest-agent"]) == [
        "cloud-init-22.4",
        "linux-image-6.1.0-40-cloud-amd64-6.1.153-1",
    ]


def test_packages_of_red_hat(program, monkeypatch):
    from virtmap_guest_agent import software

    real = software.shutil.which
    monkeypatch.setattr(software.shutil, "which", lambda name: None if name == "dpkg-query" else real(name))
    program("rpm", r"printf 'kernel\t5.14.0-503.el9\nkernel\t5.14.0-427.el9\nbash\t5.1-9.el9\n'")
    assert software.applications(["kernel"]) == ["kernel-5.14.0-427.el9", "kernel-5.14.0-503.el9"]


def test_users(program):
    from virtmap_guest_agent.system import active_user

    program("loginctl", "exit 1")
    program("users", "echo ann bob")
    assert active_user() == "ann"
    program("users", "exit 0")
    assert active_user() == "None"
    program("loginctl", "echo '  3 1000 eve seat0 tty2'")
    assert active_user() == "eve"


def test_clock_of_sessions_moves_when_somebody_comes(tmp_path):
    from virtmap_guest_agent.system import sessions_changed_at

    assert sessions_changed_at(str(tmp_path)) == ()
    sessions = tmp_path / "run/systemd/sessions"
    sessions.mkdir(parents=True)
    os.utime(sessions, ns=(1, 1))
    before = sessions_changed_at(str(tmp_path))
    assert before == sessions_changed_at(str(tmp_path)) == (1,)
    (sessions / "3").write_text("eve")
    assert sessions_changed_at(str(tmp_path)) != before


def test_what_did_not_change_is_not_looked_at_again(monkeypatch):
    from virtmap_guest_agent import patience

    monkeypatch.setattr(patience, "FRESH", 0)
    seen, stamp = [], [1]
    patient = patience.Patient("it", lambda: seen.append(0) or len(seen), 0, lambda: tuple(stamp))
    assert [patient(), patient()] == [1, 1]
    stamp[0] = 2
    assert [patient(), patient()] == [2, 2]
    stamp.clear()
    assert [patient(), patient()] == [3, 4]


def test_desktop_is_locked_when_all_its_sessions_are(program):
    from virtmap_guest_agent.system import session_is_locked

    program(
        "loginctl",
        'case "$*" in *list*) echo 1; echo 2;; *" 1 "*) echo Type=tty;; *) echo Type=x11; echo LockedHint=yes;; esac',
    )
    assert session_is_locked()
    program("loginctl", 'case "$*" in *list*) echo 1;; *) echo Type=wayland; echo LockedHint=no;; esac')
    assert not session_is_locked()
    program("loginctl", "exit 1")
    assert not session_is_locked()


def docker(path, answer):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)

    def serve():
        with listener.accept()[0] as channel:
            channel.recv(4096)
            channel.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return listener


def test_containers_of_docker(tmp_path):
    from virtmap_guest_agent.software import containers

    body = json.dumps(
        [{"Id": "abc", "Names": ["/web"], "Image": "nginx", "Command": "run", "Status": "Up", "Ports": []}, 7]
    ).encode()
    path = str(tmp_path / "docker.sock")
    listener = docker(path, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert containers(path) == [{"id": "abc", "names": ["/web"], "image": "nginx", "command": "run", "status": "Up"}]
    listener.close()


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[{"]
)
def test_broken_docker_means_no_containers(tmp_path, answer):
    from virtmap_guest_agent.software import containers

    listener = docker(str(tmp_path / "docker.sock"), answer)
    assert containers(str(tmp_path / "docker.sock")) == []
    listener.close()
    assert containers(str(tmp_path / "missing.sock")) == []


def test_look_that_hangs_gives_what_was_seen_last(monkeypatch, caplog):
    from virtmap_guest_agent import patience

    monkeypatch.setattr(patience, "PATIENCE", 0.2)
    monkeypatch.setattr(patience, "FRESH", 0.0)
    gate = threading.Event()
    gate.set()
    looks = []

    def look():
        gate.wait(30)
        looks.append(1)
        return len(looks)

    patient = patience.Patient("a dead disk", look, 0)
    assert patient() == 1
    gate.clear()
    assert patient() == 1
    assert patient() == 1
    assert caplog.text.count("a dead disk cannot be told now") == 1
    gate.set()


def test_look_that_fails_gives_what_was_seen_last(caplog):
    from virtmap_guest_agent.patience import Patient

    assert Patient("it", lambda: 1 / 0, "nothing")() == "nothing"
    assert "it cannot be told: division by zero" in caplog.text


def test_settings_have_the_keys_of_the_original(tmp_path):
    from virtmap_guest_agent.configuration import read_settings

    path = tmp_path / "agent.conf"
    path.write_text(
        "[general]\nheart_beat_rate = 7\nreport_disk_usage = soon\napplications_list = a b\nignored_nics = eth9\n"
        "ignore_zero_size_fs = false\n[virtio]\ndevice_prefix = /tmp/ports\n"
    )
    settings = read_settings((str(tmp_path / "missing"), str(path)))
    assert settings.rates["heart_beat_rate"] == 7
    assert settings.rates["report_disk_usage"] == 300
    assert settings.applications == ("a", "b")
    assert settings.ignored_nics == {"eth9"}
    assert settings.ignore_zero_size_fs is False
    assert settings.ports == ("/tmp/ports/com.redhat.rhevm.vdsm", "/tmp/ports/ovirt-guest-agent.0")


def test_broken_configuration_is_left_out(tmp_path, caplog):
    from virtmap_guest_agent.configuration import read_settings

    path = tmp_path / "agent.conf"
    path.write_text("nonsense\n")
    assert read_settings((str(path),)).rates["heart_beat_rate"] == 5
    assert "is left out" in caplog.text
