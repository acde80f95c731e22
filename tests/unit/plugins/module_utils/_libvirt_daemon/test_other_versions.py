# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Libraries and daemons of other versions than the one at hand, and daemons that do not do what they are told."""

from __future__ import annotations

import ctypes
import sys
import types
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    MissingSystemLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon import (
    library,
    limits,
    log_change,
    model,
    number_change,
)
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.uri import DaemonUri

from .conftest import run_module

OPTIONS: dict[str, t.Any] = {"uri": "libvirtd:///system", "daemon_server": None, "timeout": 1, "persist": False}
POOL = {"minWorkers": 5, "maxWorkers": 20, "nWorkers": 5, "freeWorkers": 5, "prioWorkers": 5, "jobQueueDepth": 0}


class FakeDaemon:
    """A daemon whose answers are its attributes; ``obeys`` false is one that accepts everything and does nothing."""

    def __init__(self, *, obeys: bool = True, pool: dict[str, int] | None = None, filters: str = "") -> None:
        self.uri = DaemonUri.parse(OPTIONS["uri"])
        self.obeys = obeys
        self.pool = dict(POOL if pool is None else pool)
        self.filters = filters
        self.outputs = "3:stderr"
        self.sent: list[t.Any] = []

    def __enter__(self) -> FakeDaemon:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def threadpool(self, _server: str) -> dict[str, int]:
        return self.pool

    def set_threadpool(self, _server: str, numbers: t.Mapping[str, int]) -> None:
        self.sent.append(dict(numbers))
        if self.obeys:
            self.pool.update(numbers)

    def log_filters(self) -> str:
        return self.filters

    def log_outputs(self) -> str:
        return self.outputs

    def set_log_filters(self, filters: str) -> None:
        self.sent.append(filters)
        if self.obeys:
            self.filters = filters

    def set_log_outputs(self, outputs: str) -> None:
        self.sent.append(outputs)
        if self.obeys:
            self.outputs = outputs


def set_pool(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch, **wanted: int) -> dict[str, t.Any]:
    monkeypatch.setattr(number_change, "connect", lambda _uri, _timeout: daemon)
    subject = number_change.Subject(
        name="threadpool",
        settings=model.THREADPOOL_SETTINGS,
        state=model.THREADPOOL_STATE,
        most=limits.MOST_WORKERS,
        guard=limits.guard_threadpool,
        read=lambda one, server: one.threadpool(server),
        write=lambda one, server, numbers: one.set_threadpool(server, numbers),
    )
    options = {**OPTIONS, **dict.fromkeys(model.THREADPOOL_SETTINGS), **wanted}
    return number_change.change_numbers(subject, Run(options, False, False, lambda _warning: None))


def set_logging(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch, **wanted: t.Any) -> dict[str, t.Any]:
    monkeypatch.setattr(log_change, "connect", lambda _uri, _timeout: daemon)
    options = {**OPTIONS, "filters": None, "outputs": None, "level": None, "state": "present", **wanted}
    return log_change.change_logging(Run(options, False, False, lambda _warning: None))


def test_only_what_differs_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = FakeDaemon()
    assert set_pool(daemon, monkeypatch, min_workers=5, max_workers=30)["changed"]
    assert daemon.sent == [{"maxWorkers": 30}]


def test_a_daemon_that_does_not_obey_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadAnswer, match="1 seconds later max_workers is 20 instead of 30") as caught:
        set_pool(FakeDaemon(obeys=False), monkeypatch, max_workers=30)
    assert caught.value.result == {"changed": True}
    with pytest.raises(BadAnswer, match="filters are empty instead of 1:rpc") as caught:
        set_logging(FakeDaemon(obeys=False), monkeypatch, filters=["1:rpc"])
    assert caught.value.result == {"changed": True}


def test_a_daemon_that_leaves_numbers_out_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = FakeDaemon(pool={name: value for name, value in POOL.items() if name != "prioWorkers"})
    with pytest.raises(BadAnswer, match="does not tell prio_workers"):
        set_pool(daemon, monkeypatch, max_workers=30)
    assert daemon.sent == []
    assert "prio_workers" not in model.threadpool(daemon.pool)


def test_a_daemon_of_old_gives_filters_back_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = FakeDaemon(filters="1:qemu 3:rpc")
    assert not set_logging(daemon, monkeypatch, filters=["1:*qemu*", "3:+rpc"])["changed"]
    assert set_logging(daemon, monkeypatch, filters=["1:qemu"])["logging"]["filters"] == ["1:qemu"]


class OldLibrary:
    """A libvirt-admin of 2.0, without what came later."""

    def __init__(self) -> None:
        for name in library.ADMIN_FUNCTIONS:
            setattr(self, name, types.SimpleNamespace())


def loaded(admin: object) -> library.Library:
    libvirt = types.SimpleNamespace(
        virGetLastError=types.SimpleNamespace(),
        virTypedParamsFree=types.SimpleNamespace(),
        virSetErrorFunc=lambda _data, _handler: None,
        virResetError=ctypes.CFUNCTYPE(None)(),
    )
    libc = types.SimpleNamespace(free=types.SimpleNamespace())
    return library.Library(t.cast(ctypes.CDLL, admin), t.cast(ctypes.CDLL, libvirt), t.cast(ctypes.CDLL, libc))


@pytest.mark.parametrize(
    ("function", "version"), [(name, since) for name, (since, _types) in library.LATER_FUNCTIONS.items()]
)
def test_what_an_old_library_lacks_is_named_when_it_is_needed(function: str, version: str) -> None:
    old = loaded(OldLibrary())
    assert old.virAdmConnectOpen
    with pytest.raises(MissingSystemLibrary, match=f"too old: this needs libvirt {version} or newer") as caught:
        getattr(old, function)
    assert "libvirt0 on Debian" in caught.value.message
    assert "libvirt-libs" in caught.value.message


def test_a_misspelt_function_is_a_bug_of_ours() -> None:
    with pytest.raises(AttributeError):
        loaded(OldLibrary()).virAdmConnectOpenn  # noqa: B018


def test_a_host_without_the_library_is_told_which_package_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "LIBVIRT_ADMIN", "libvirt-admin-that-is-not-there.so.0")
    monkeypatch.delitem(sys.modules, "libvirtmod", raising=False)
    with pytest.raises(MissingSystemLibrary, match="cannot open shared object file.*libvirt0 on Debian.*libvirt-libs"):
        library.load.__wrapped__()


def test_a_module_without_its_library_ends_with_that_sentence() -> None:
    package = "ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon"
    absent = f"from {package} import library; library.LIBVIRT_ADMIN = 'absent.so.0'"
    result = run_module("info", first=absent)
    assert result["failed"]
    assert result["msg"].startswith("the library absent.so.0 cannot be used on this host: absent.so.0: cannot open")
    assert "libvirt0 on Debian" in result["msg"]


def test_the_library_is_not_loaded_beside_libvirt_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libvirtmod", types.ModuleType("libvirtmod"))
    with pytest.raises(VirtmapError, match="cannot be used in a process that has loaded the Python library libvirt"):
        library.load.__wrapped__()
