# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import json
import os
import resource
import subprocess
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.lab.module_starter import ModuleStarter, python_path

TELL = """
import json, os, resource, subprocess, sys
child = subprocess.run(["sh", "-c", "exit 5"]).returncode
print(json.dumps({
    "argv": sys.argv[1:], "child": child, "folder": os.getcwd(), "given": sys.stdin.read(), "pid": os.getpid(),
    "limit": resource.getrlimit(resource.RLIMIT_CORE)[0], "loaded": "ansible.module_utils.basic" in sys.modules,
    "name": __name__, "variables": dict(os.environ)}))
print("aside", file=sys.stderr)
sys.exit(3)
"""


def new_starter(folder: Path) -> ModuleStarter:
    """A starter that also finds what lies in a folder."""
    return ModuleStarter(python_path(str(folder)))


@pytest.fixture
def starter(tmp_path: Path) -> t.Iterator[ModuleStarter]:
    """A starter that also finds what lies in the test's folder."""
    found = new_starter(tmp_path)
    yield found
    found.close()


def test_a_module_has_all_that_a_process_has(
    starter: ModuleStarter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tell.py").write_text(TELL)
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OF_THE_TEST", "1")
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    try:
        done = starter.run("tell", "input of the module", environment={"OF_THE_CALL": "ä"})
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (3, "aside\n")
    assert (told["argv"], told["name"], told["given"]) == ([], "__main__", "input of the module")
    assert (told["folder"], told["limit"], told["child"]) == (str(tmp_path), 0, 5)
    assert told["loaded"]
    assert (told["variables"]["OF_THE_TEST"], told["variables"]["OF_THE_CALL"]) == ("1", "ä")
    monkeypatch.delenv("OF_THE_TEST")
    other = json.loads(starter.run("tell", "").stdout)
    assert not {"OF_THE_TEST", "OF_THE_CALL"} & set(other["variables"])
    assert other["pid"] != told["pid"]


def test_an_error_is_told_as_python_tells_it(starter: ModuleStarter, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('of the module')")
    (tmp_path / "killed.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    done = starter.run("broken", "")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "RuntimeError: of the module")
    assert starter.run("killed", "").returncode == -15


def test_one_that_hangs_is_killed(starter: ModuleStarter, tmp_path: Path) -> None:
    (tmp_path / "hangs.py").write_text(
        "import os, sys, time\nopen(sys.stdin.read(), 'w').write(str(os.getpid()))\nwhile True: time.sleep(1)"
    )
    told = tmp_path / "pid"
    with pytest.raises(subprocess.TimeoutExpired):
        starter.run("hangs", str(told), timeout=3)
    pid = int(told.read_text())
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "the process is still there"
        time.sleep(0.01)


def test_it_ends_although_somebody_holds_its_socket(tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text("print('said')")
    starter = new_starter(tmp_path)
    held, release = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(release)
        os.read(held, 1)
        os._exit(0)
    os.close(held)
    try:
        assert starter.run("short", "").stdout == "said\n"
        starter.close()
    finally:
        os.close(release)
        os.waitpid(pid, 0)


def test_modules_run_side_by_side(starter: ModuleStarter, tmp_path: Path) -> None:
    # Each waits for the other.
    (tmp_path / "meet.py").write_text(
        "import os, sys, time\nmine, other = sys.stdin.read().split()\nopen(mine, 'w').close()\n"
        "while not os.path.exists(other): time.sleep(0.01)"
    )
    first, second = (str(tmp_path / name) for name in ("first", "second"))
    codes: list[int] = []
    others = [
        threading.Thread(target=lambda words=words: codes.append(starter.run("meet", words).returncode))
        for words in (f"{first} {second}", f"{second} {first}")
    ]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert codes == [0, 0]
