# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What becomes of the history when tasks are killed, meet each other, or find no usable database."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._history import store
from ansible_collections.virtmap.core.plugins.module_utils._history.database import Database
from ansible_collections.virtmap.core.plugins.module_utils._history.schema import prepare
from ansible_collections.virtmap.core.tests.unit.full_disk import full_disk

from .fleet import History, mapping, moment
from .postgres import fresh_database

ONE = mapping(moment(8), {"esx1": ["web1"]})
# Writes a second run, says so, and then hangs within the transaction.
KILLED = """
import json, sys, time
from ansible_collections.virtmap.core.plugins.module_utils._history import given, record, store
options, document = json.load(sys.stdin)
def work(database):
    record.record(database, given.Given(document, "mapping"))
    print("written", flush=True)
    time.sleep(300)
store.transact(options, work, write=True)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> History:
    if request.param == "sqlite":
        return History(path=str(tmp_path / "history.sqlite"))
    return History(**fresh_database())


def test_a_task_killed_halfway_leaves_no_trace(history: History) -> None:
    history.keep(ONE)
    later = mapping(moment(9), {f"esx{number}": [f"g{number}-{index}" for index in range(100)] for number in range(50)})
    with subprocess.Popen(
        [sys.executable, "-c", KILLED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps([history.store, later]))
        process.stdin.close()
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert history.where("web1") == [("esx1", "running", moment(8), moment(8), None)]
    assert history.where("g1-1") == []
    assert history.keep(later)["changed"] is True
    assert history.where("g1-1")[0][0] == "esx1"


def test_two_writers_at_once(history: History) -> None:
    """Eight tasks record eight sources, and all of them one more, at the same time."""
    errors: list[VirtmapError] = []
    begin = threading.Barrier(8)
    shared = mapping(moment(9), {"shared": ["s1"]}, source="shared")

    def run(number: int) -> None:
        try:
            begin.wait(30)
            history.keep(mapping(moment(8), {f"esx{number}": [f"g{number}"]}, source=f"vc{number}"), shared)
        except VirtmapError as exc:
            errors.append(exc)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert [len(history.where(f"g{number}")) for number in range(8)] == [1] * 8
    assert len(history.where("s1")) == 1


def test_a_writer_that_takes_too_long(history: History) -> None:
    history.keep(ONE)
    history.store["timeout"] = 2
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        def work(database: Database) -> None:
            prepare(database)
            held.set()
            release.wait(60)

        # With a deadline of its own, longer than that of the task that is tested.
        store.transact({**history.store, "timeout": 60}, work, write=True)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(30)
        with pytest.raises(CannotConnect, match="another task has been writing to the history .* 2 seconds"):
            history.keep(mapping(moment(9), {"esx1": []}))
        assert len(history.where("web1")) == 1, "readers do not wait for writers"
    finally:
        release.set()
        thread.join(60)


def test_a_layout_of_another_release_is_left_alone(history: History) -> None:
    history.keep(ONE)
    store.transact(
        history.store, lambda database: database.run("UPDATE virtmap_schema SET version = ?", 99), write=True
    )
    for use in (lambda: history.keep(ONE), lambda: history.where("web1")):
        with pytest.raises(InvalidInput, match="its layout is 99, this release knows 1"):
            use()


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no history at file .*none.sqlite"):
        History(path=str(tmp_path / "none.sqlite")).where("web1")
    with pytest.raises(InvalidInput, match="the folder of the history .* is not there"):
        History(path=str(tmp_path / "none" / "history.sqlite")).keep(ONE)
    text = tmp_path / "text"
    text.write_text("no database at all, but a text that is long enough\n" * 100, encoding="utf-8")
    with pytest.raises(InvalidInput, match="file is not a database"):
        History(path=str(text)).keep(ONE)
    assert text.read_text(encoding="utf-8").startswith("no database")
    with pytest.raises(InvalidInput, match="Is a directory"):
        History(path=str(tmp_path)).keep(ONE)
    whole = tmp_path / "whole.sqlite"
    History(path=str(whole)).keep(ONE)
    assert oct(whole.stat().st_mode & 0o777) == "0o600"
    whole.write_bytes(whole.read_bytes()[:4096])
    with pytest.raises(InvalidInput, match="cannot be used"):
        History(path=str(whole)).keep(mapping(moment(9), {"esx1": []}))


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    history = History(path=str(path))
    history.keep(ONE)
    large = mapping(moment(9), {f"esx{number}": [f"g{number}-{index}" for index in range(100)] for number in range(50)})
    with (
        full_disk(path.stat().st_size + 8192),
        pytest.raises(InvalidInput, match="cannot be used: .*nothing was changed"),
    ):
        history.keep(large)
    assert history.where("web1") == [("esx1", "running", moment(8), moment(8), None)]
    assert history.where("g1-1") == []
    assert history.keep(large)["runs"][0]["result"] == "recorded"


@contextlib.contextmanager
def of_another_user(file: Path) -> t.Iterator[None]:
    """Let a file be one that this process may not open: root becomes nobody for a while, others lock themselves out."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)
    else:
        file.chmod(0)
        yield
        file.chmod(0o600)


def test_a_file_of_another_user() -> None:
    # Not below pytest's folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    history = History(path=str(folder / "history.sqlite"))
    try:
        history.keep(ONE)
        with of_another_user(folder / "history.sqlite"):
            for use in (lambda: history.keep(mapping(moment(9), {"esx1": []})), lambda: history.where("web1")):
                with pytest.raises(InvalidInput, match="history.sqlite cannot be used: .*; nothing was changed"):
                    use()
        assert len(history.where("web1")) == 1
    finally:
        shutil.rmtree(folder)


def test_a_file_of_something_else_keeps_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE own (x TEXT)")
    connection.close()
    with pytest.raises(InvalidInput, match="holds no history yet"):
        History(path=str(path)).where("web1")


def failure(**options: t.Any) -> VirtmapError:
    with pytest.raises(VirtmapError) as caught:
        History(**options).keep(ONE)
    assert "s3cret" not in str(caught.value)
    return caught.value


def test_servers_that_refuse() -> None:
    good = fresh_database()
    over_tcp = {**good, "server": "127.0.0.1", "validate_certs": False}
    wrong = failure(**over_tcp, password="s3cret-but-wrong")
    assert isinstance(wrong, Denied)
    assert "check username and password" in wrong.message
    assert History(**over_tcp, password="s3cret-of-the-test").keep(ONE)["changed"]
    missing = failure(**{**good, "database": "nowhere"})
    assert isinstance(missing, InvalidInput)
    assert "make the database or the role first" in missing.message
    plain = failure(**{**over_tcp, "validate_certs": True, "password": "s3cret-of-the-test"})
    assert isinstance(plain, CannotConnect)
    assert "SSL" in plain.message
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = failure(**{**over_tcp, "port": free.getsockname()[1]})
    assert isinstance(dead, CannotConnect)
    assert "cannot be reached" in dead.message


def test_a_server_that_never_answers() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(5)
        started = time.monotonic()
        hung = failure(server="127.0.0.1", port=mute.getsockname()[1], timeout=2, validate_certs=False)
        assert time.monotonic() - started < 3 * 2 + 10
    assert isinstance(hung, CannotConnect)


def test_one_place_only(tmp_path: Path) -> None:
    both = failure(path=str(tmp_path / "x"), server="db.example.com")
    assert "are both given" in both.message
