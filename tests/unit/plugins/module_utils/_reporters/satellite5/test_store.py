# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Files with system ids: modes, whole replacement, virt-who's pickles, and two tasks at once."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.old_pickles import (
    LARGEST,
    read_system_id,
)
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.store import Accepted, Record, Store
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server

SERVER = Server("https", "Sat.example.com", 443)


class Made(t.NamedTuple):
    """A store, its folder and its warnings."""

    store: Store
    folder: Path
    warnings: list[str]


@pytest.fixture(name="made")
def made_fixture(tmp_path: Path) -> Made:
    warnings: list[str] = []
    store = Store(str(tmp_path / "ids"), SERVER, warnings.append)
    store.prepare()
    return Made(store, tmp_path / "ids", warnings)


def test_a_record_comes_back(made: Made) -> None:
    record = Record("H1", "<secret/>", Accepted("d", "2026-11-21T08:00:00Z", {"ab": "running"}))
    assert made.store.load("H1") is None
    made.store.save(record)
    assert made.store.load("h1") == Record("h1", record.system_id, record.accepted)
    made.store.save(Record("H1", "<other/>"))
    assert made.store.load("H1") == Record("H1", "<other/>")


def test_modes(made: Made) -> None:
    old = os.umask(0)
    try:
        made.store.save(Record("h1", "<secret/>"))
        store = Store(str(made.folder), Server("https", "second.example.com", 443), made.warnings.append)
        store.prepare()
    finally:
        os.umask(old)
    modes = {path.relative_to(made.folder).as_posix(): path.stat().st_mode & 0o777 for path in made.folder.rglob("*")}
    assert modes == {
        "sat.example.com_443": 0o700,
        "sat.example.com_443/h1.json": 0o600,
        "second.example.com_443": 0o700,
    }
    text = (made.folder / "sat.example.com_443" / "h1.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"format": 1, "hypervisor": "h1", "system_id": "<secret/>", "accepted": None}


def test_a_failure_leaves_the_old_record(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made.store.save(Record("h1", "<old/>"))

    def broken(*_arguments: t.Any) -> None:
        raise OSError(28, "No space left on device")

    for function in ("os.fsync", "os.replace"):
        with monkeypatch.context() as patched:
            patched.setattr(function, broken)
            with pytest.raises(InvalidInput, match="cannot be saved .*No space left on device"):
                made.store.save(Record("h1", "<new/>"))
        assert made.store.load("h1") == Record("h1", "<old/>")
        assert [path.name for path in (made.folder / "sat.example.com_443").iterdir()] == ["h1.json"]


def test_a_folder_that_cannot_be_written_is_told_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    store = Store(str(tmp_path / "file"), SERVER, lambda _text: None)
    with pytest.raises(
        InvalidInput, match="systemid_dir .*/file cannot be written to .*so that system ids would be lost"
    ):
        store.prepare()
    assert store.load("h1") is None


def test_a_file_that_cannot_be_read_is_no_reason_to_register_again(made: Made) -> None:
    (made.folder / "sat.example.com_443" / "h1.json").mkdir()
    with pytest.raises(InvalidInput, match="cannot be read"):
        made.store.load("h1")


def test_ids_differ_in_more_than_the_beginning(made: Made) -> None:
    ids = ["x" * 300, "x" * 301, "a/b", "a%2fb", "ü", "%c3%bc", ".", "..", ""]
    for hypervisor in ids:
        made.store.save(Record(hypervisor, f"<{hypervisor}/>"))
    assert [t.cast(Record, made.store.load(hypervisor)).system_id for hypervisor in ids] == [f"<{h}/>" for h in ids]


# -- virt-who's pickles


def old_file(made: Made, content: bytes, name: str = "h1") -> Path:
    path = made.folder / f"hypervisor-systemid-{name}"
    path.write_bytes(content)
    return path


def test_an_old_file_is_read_only_where_there_is_nothing_newer(made: Made) -> None:
    old_file(made, pickle.dumps({"system_id": "<old/>"}))
    assert made.store.load("h1") == Record("h1", "<old/>")
    made.store.save(Record("h1", "<new/>"))
    assert made.store.load("h1") == Record("h1", "<new/>")


def test_what_python_2_pickled() -> None:
    text = b"(dp0\nS'system_id'\np1\nS'<?xml version=\"1.0\"?>'\np2\nsS'channels'\np3\n(lp4\ns."
    assert read_system_id(text) == '<?xml version="1.0"?>'


class Evil:
    """Leaves a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> t.Any:
        return (os.system, (f"touch {self.path}",))


class Persistent(pickle.Pickler):
    """Refers to everything outside."""

    def persistent_id(self, obj: t.Any) -> t.Any:
        return "outside" if obj == "x" else None


def test_a_pickle_that_wants_to_run_something_does_not(made: Made, tmp_path: Path) -> None:
    evil = tmp_path / "was-here"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        old_file(made, pickle.dumps({"system_id": Evil(evil)}, protocol))
        assert made.store.load("h1") is None
        assert not evil.exists()
    assert len(made.warnings) == pickle.HIGHEST_PROTOCOL + 1
    assert "hypervisor-systemid-h1 cannot be used: it wants to use " in made.warnings[0]


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "Ran out of input"),
        (b"nonsense", ""),
        (pickle.dumps({"system_id": "<x/>"})[:-5], ""),
        (pickle.dumps(["system_id"]), "it holds no system id"),
        (pickle.dumps({"system_id": 5}), "it holds no system id"),
        (pickle.dumps({"system_id": " "}), "it holds no system id"),
        (pickle.dumps({"channels": []}), "it holds no system id"),
        (pickle.dumps({"system_id": set()}, 3), "it wants to use builtins.set"),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.", ""),
        (b"(dp0\nS'system_id'\np1\nS'\xff'\np2\ns.", "codec can't decode"),
        (b" " * (LARGEST + 1), "it is larger than"),
    ],
)
def test_old_files_that_cannot_be_used(made: Made, content: bytes, reason: str) -> None:
    path = old_file(made, content)
    assert made.store.load("h1") is None
    (warning,) = made.warnings
    assert f"{path} cannot be used: " in warning
    assert reason in warning
    assert path.read_bytes() == content


def test_a_persistent_id_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p"
    with path.open("wb") as stream:
        Persistent(stream).dump({"system_id": "x"})
    with pytest.raises(ValueError, match="it refers to an object outside"):
        read_system_id(path.read_bytes())


def test_an_id_cannot_lead_out_of_the_folder(made: Made, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(pickle.dumps({"system_id": "<x/>"}))
    (made.folder / "hypervisor-systemid-").mkdir()
    assert made.store.load("/../../outside") is None
    assert made.store.load("x" * 300) is None
    assert made.store.load("nul\0") is None


# -- two tasks at once

_HOLDER = """
import sys, time
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.store import Store
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server
store = Store(sys.argv[1], Server("https", "Sat.example.com", 443), print)
with store.registering("h1", 5):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_hypervisor_is_registered_by_one_task_at_a_time(made: Made) -> None:
    paths = os.pathsep.join(path for path in sys.path if path)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(made.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CannotConnect, match="another task has been registering this hypervisor"):
            with made.store.registering("H1", 0.3):
                pytest.fail("the other process holds it")
        with made.store.registering("h2", 0.3):
            began = time.monotonic()
        holder.stdin.close()
        with made.store.registering("h1", 20):
            assert time.monotonic() - began < 20
