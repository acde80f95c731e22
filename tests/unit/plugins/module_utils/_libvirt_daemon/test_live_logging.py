# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""libvirt_daemon_logging against real daemons."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_text import values

from .conftest import Daemon


@pytest.fixture(autouse=True)
def defaults(virtlogd: Daemon) -> t.Iterator[None]:
    yield
    virtlogd.admin("daemon-log-filters", "--filters", "")
    virtlogd.admin("daemon-log-outputs", "--outputs", f"2:file:{virtlogd.lab.log}")


def filters(daemon: Daemon) -> str:
    return daemon.admin("daemon-log-filters")["Logging filters"]


def outputs(daemon: Daemon) -> str:
    return daemon.admin("daemon-log-outputs")["Logging outputs"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"filters": ["1:util", "3:rpc"]}, "1:*util* 3:*rpc*"),
        ({"filters": ["4:*rpc*", "1:+util", "4:rpc"]}, "4:*rpc* 1:*util* 4:*rpc*"),
        ({"filters": ["1:util"], "level": "error"}, "1:*util* 4:***"),
        ({"level": "debug"}, "1:***"),
        ({"filters": ["1:*"]}, "1:***"),
    ],
)
def test_filters_are_set_once(virtlogd: Daemon, options: dict[str, t.Any], told: str) -> None:
    assert virtlogd.run("logging", check=True, **options)["changed"]
    assert filters(virtlogd) == ""
    result = virtlogd.run("logging", diff=True, **options)
    assert result["changed"]
    assert filters(virtlogd) == told
    assert result["diff"][0]["before"]["filters"] == []
    assert result["diff"][0]["after"]["filters"] == result["logging"]["filters"]
    assert not virtlogd.run("logging", **options)["changed"]


def test_another_order_is_another_setting(virtlogd: Daemon) -> None:
    virtlogd.run("logging", filters=["1:rpc", "4:util"])
    assert virtlogd.run("logging", filters=["4:util", "1:rpc"])["changed"]
    assert filters(virtlogd) == "4:*util* 1:*rpc*"


def test_a_level_keeps_the_current_filters_before_it(virtlogd: Daemon) -> None:
    virtlogd.run("logging", filters=["4:rpc"])
    virtlogd.run("logging", level="debug")
    assert filters(virtlogd) == "4:*rpc* 1:***"
    virtlogd.run("logging", level="info")
    assert filters(virtlogd) == "4:*rpc* 2:***"
    assert virtlogd.run("logging", filters=[])["changed"]
    assert filters(virtlogd) == ""


def test_outputs_are_set_once_and_written_to(virtlogd: Daemon, tmp_path: Path) -> None:
    folder = virtlogd.lab.folder / "sock"
    wanted = [f"1:file:{folder}/debug.log", f"2:file:{virtlogd.lab.log}"]
    assert virtlogd.run("logging", outputs=wanted, level="debug")["changed"]
    assert outputs(virtlogd) == " ".join(wanted)
    assert not virtlogd.run("logging", outputs=wanted, level="debug")["changed"]
    virtlogd.admin("srv-list")
    assert "debug :" in (folder / "debug.log").read_text()


def test_a_file_that_cannot_be_opened_changes_nothing(virtlogd: Daemon) -> None:
    before = outputs(virtlogd)
    result = virtlogd.run("logging", outputs=["1:file:/proc/nonexistent/x.log"], filters=["1:rpc"])
    assert result["failed"]
    assert "No such file or directory" in result["msg"]
    assert not result.get("changed")
    assert (outputs(virtlogd), filters(virtlogd)) == (before, "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"filters": ["1:a,1:b"]}, "1:a,1:b is not of the form LEVEL:MATCH"),
        ({"outputs": ["2:file:relative.log"]}, "absolute path"),
        ({}, "nothing to set was given"),
        ({"state": "default", "level": "debug"}, "leave out filters, outputs and level"),
    ],
)
def test_what_a_daemon_would_misread_is_refused(virtlogd: Daemon, options: dict[str, t.Any], said: str) -> None:
    assert said in virtlogd.run("logging", **options)["msg"]
    assert filters(virtlogd) == ""


def test_all_is_taken_back(virtlogd: Daemon) -> None:
    virtlogd.run("logging", filters=["1:rpc"])
    predicted = virtlogd.run("logging", check=True, state="default")
    assert predicted["changed"]
    assert filters(virtlogd) == "1:*rpc*"
    result = virtlogd.run("logging", state="default")
    assert (result["changed"], result["logging"]["filters"], filters(virtlogd)) == (True, [], "")
    assert result["logging"]["outputs"] == outputs(virtlogd).split()
    assert not virtlogd.run("logging", state="default")["changed"]
    assert not virtlogd.run("logging", check=True, state="default")["changed"]


def test_settings_survive_a_restart(own_libvirtd: Daemon) -> None:
    daemon = own_libvirtd
    config = daemon.lab.config_file
    original = config.read_text()
    log = f"1:file:{daemon.lab.folder}/sock/other.log"
    assert daemon.persist("logging", filters=["1:*qemu*", "3:rpc"], outputs=[log])["persisted"]["changed"]
    assert (values(config.read_text())["log_filters"], values(config.read_text())["log_outputs"]) == (
        "1:qemu 3:rpc",
        log,
    )
    assert not daemon.persist("logging", filters=["1:qemu", "3:rpc"], outputs=[log])["changed"]
    daemon.lab.kill()
    daemon.lab.start()
    assert (filters(daemon), outputs(daemon)) == ("1:*qemu* 3:*rpc*", log)
    assert daemon.persist("logging", state="default")["persisted"]["changed"]
    assert config.read_text() == "".join(line for line in original.splitlines(True) if "log_outputs" not in line)
    assert not daemon.persist("logging", state="default")["changed"]
