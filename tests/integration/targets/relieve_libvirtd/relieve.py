# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Jams a real libvirtd, relieves it with the playbook relieve_libvirtd, and looks on as an independent client.

A guest whose emulator is stopped holds every worker that asks for its statistics.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import libvirt
from ansible_collections.virtmap.core.tests.lab.libvirtd import Libvirtd, add_guest

DEADLINE = 120
# After 30 seconds libvirt gives up waiting for a guest that another call holds.
LOG_SECONDS = 35


def virt_admin(daemon: Libvirtd, *command: str) -> dict[str, str]:
    """Ask the daemon, as an independent client, and return its lines of the form ``name : value``."""
    arguments = ["virt-admin", "-c", daemon.admin_uri, *command]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=DEADLINE)
    pairs = (line.partition(":") for line in done.stdout.splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def pool(daemon: Libvirtd) -> dict[str, int]:
    """Read the thread pool of the daemon."""
    return {name: int(value) for name, value in virt_admin(daemon, "srv-threadpool-info", "libvirtd").items()}


def works(daemon: Libvirtd) -> bool:
    """Tell whether the daemon answers an ordinary call about a guest that is well."""
    command = ["virsh", "-c", daemon.uri(), "domstats", "--state", "fine"]
    try:
        subprocess.run(command, capture_output=True, check=True, timeout=4)
    except subprocess.TimeoutExpired:
        return False
    return True


def wait_for(what: str, condition: t.Callable[[], bool]) -> None:
    """Wait until a condition holds, and fail with its name when it never does."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"never happened: {what}")
        time.sleep(0.2)


@contextlib.contextmanager
def jammed(daemon: Libvirtd) -> t.Iterator[int]:
    """Freeze a guest and let clients ask for its statistics until no worker is left; yields the emulator's pid."""
    connection = libvirt.open(daemon.uri())
    for name in ("frozen", "fine"):
        add_guest(connection, name)
    connection.close()
    virt_admin(daemon, "srv-threadpool-set", "libvirtd", "--min-workers", "2", "--max-workers", "4")
    (pid_file,) = daemon.folder.rglob("frozen.pid")
    emulator = int(pid_file.read_text())
    os.kill(emulator, signal.SIGSTOP)
    command = ["virsh", "-c", daemon.uri(), "domstats", "frozen"]
    clients = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _client in range(9)]
    try:
        wait_for("calls queue up", lambda: pool(daemon)["jobQueueDepth"] == 5 and pool(daemon)["freeWorkers"] == 0)
        yield emulator
    finally:
        os.kill(emulator, signal.SIGCONT)
        for client in clients:
            client.kill()
            client.wait()


@contextlib.contextmanager
def playbook(daemon: Libvirtd, folder: Path, **variables: t.Any) -> t.Iterator[subprocess.Popen[str]]:
    """Run the playbook as a user would."""
    given = {"uri": daemon.admin_uri, "become": False, "log_folder": folder, "wait": 5, **variables}
    extra = [part for name, value in given.items() for part in ("-e", f"relieve_{name}={value}")]
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "virtmap.core.relieve_libvirtd", *extra]
    command += ["-e", f"ansible_python_interpreter={sys.executable}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def finished(process: subprocess.Popen[str], code: int = 0) -> str:
    """Wait for the playbook, show its output and return it."""
    output, _errors = process.communicate(timeout=DEADLINE)
    print(output)
    assert process.returncode == code, f"exit code {process.returncode} instead of {code}"
    return output


def test_a_daemon_that_works_is_left_alone(daemon: Libvirtd, folder: Path) -> None:
    """Nothing is changed where nothing is jammed."""
    before = pool(daemon)
    with playbook(daemon, folder) as process:
        assert "changed=0" in finished(process)
    assert pool(daemon) == before


def test_a_jammed_daemon_is_relieved(daemon: Libvirtd, folder: Path) -> None:
    """The daemon answers again while the guest is still frozen; afterwards all is as before."""
    logging = virt_admin(daemon, "daemon-log-filters"), virt_admin(daemon, "daemon-log-outputs")
    with jammed(daemon):
        assert not works(daemon), "the daemon was to be jammed"
        with playbook(daemon, folder, log_seconds=LOG_SECONDS) as process:
            wait_for("the daemon works again", lambda: works(daemon))
            # A worker for each of the 4 calls in work and the 5 that wait, and 5 more.
            assert pool(daemon)["minWorkers"] >= 4 + 5 + 5
            wait_for("it logs in detail", lambda: "qemu" in virt_admin(daemon, "daemon-log-filters")["Logging filters"])
            output = finished(process)
    assert "for domain frozen" in output
    assert "in API remoteDispatch" in output
    assert '"transport": "unix"' in output, "the clients were to be shown"
    after = pool(daemon)
    assert (after["minWorkers"], after["maxWorkers"]) == (2, 4), after
    assert (virt_admin(daemon, "daemon-log-filters"), virt_admin(daemon, "daemon-log-outputs")) == logging


def test_a_daemon_that_stays_stuck_keeps_its_workers(daemon: Libvirtd, folder: Path) -> None:
    """Putting the workers back while all calls hang would jam the daemon again, so the playbook fails and says so.

    It does so as well when it cannot find out which guest holds them.
    """
    with jammed(daemon), playbook(daemon, folder / "missing", log_seconds=1) as process:
        output = finished(process, code=2)
        assert "failed to open" in output
        assert "so it keeps its new workers" in output
        assert works(daemon)
        assert pool(daemon)["minWorkers"] >= 4 + 5 + 5


def main() -> None:
    """Run all tests, each with a daemon of its own."""
    for test in (
        test_a_daemon_that_works_is_left_alone,
        test_a_jammed_daemon_is_relieved,
        test_a_daemon_that_stays_stuck_keeps_its_workers,
    ):
        with tempfile.TemporaryDirectory() as folder, Libvirtd() as daemon:
            os.chmod(folder, 0o777)
            print(f"--- {test.__name__}", flush=True)
            test(daemon, Path(folder))


if __name__ == "__main__":
    main()
