# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Private daemons, clients in processes of their own, and modules run as Ansible runs them.

libvirt-admin is never loaded into the process of the tests: it must not meet libvirt-python, which other tests load.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import typing as t
from dataclasses import dataclass

import pytest
from ansible_collections.virtmap.core.tests.lab.libvirtd import Libvirtd, Virtlogd
from ansible_collections.virtmap.core.tests.lab.module_starter import run_as_module

DEADLINE = 60

CLIENT = """
import json, libvirt, sys
libvirt.registerErrorHandler(lambda context, error: None, None)
uri, read_only, user, password = json.loads(sys.argv[1])
def answer(rows, _opaque):
    for row in rows:
        row[4] = user if row[0] == libvirt.VIR_CRED_AUTHNAME else password
    return 0
kinds = [libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_PASSPHRASE]
connection = libvirt.openAuth(uri, [kinds, answer, None], libvirt.VIR_CONNECT_RO if read_only else 0)
print("connected", flush=True)
for line in sys.stdin:
    try:
        print(connection.getHostname() and "alive", flush=True)
    except libvirt.libvirtError as exc:
        print("cut off", flush=True)
"""


@dataclass
class Client:
    """A client of a daemon in a process of its own."""

    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def is_connected(self) -> bool:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.says() == "alive"


@contextlib.contextmanager
def connected(
    uri: str, *, read_only: bool = False, user: str = "", password: str = "", wait: bool = True
) -> t.Iterator[Client]:
    """A client that stays connected; with ``wait`` false it may still be trying."""
    arguments = [sys.executable, "-c", CLIENT, json.dumps([uri, read_only, user, password])]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    client = Client(process)
    try:
        if wait:
            assert client.says() == "connected"
        yield client
    finally:
        process.kill()
        process.communicate()


@dataclass
class Daemon:
    """A private daemon with the two ways to administer it: our modules and virt-admin."""

    lab: Libvirtd

    def run(self, module: str, *, check: bool = False, diff: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """Run ``libvirt_daemon_<module>`` in a process of its own; returns its result."""
        return run_module(module, check=check, diff=diff, **{"uri": self.lab.admin_uri, "timeout": DEADLINE, **options})

    def persist(self, module: str, **options: t.Any) -> dict[str, t.Any]:
        """The same with the settings kept in the daemon's own configuration file."""
        return self.run(module, persist=True, config_file=str(self.lab.config_file), **options)

    def admin(self, *command: str, timeout: float = DEADLINE) -> dict[str, str]:
        """What virt-admin says, an independent client: its lines of the form ``name : value``."""
        done = subprocess.run(
            ["virt-admin", "-c", self.lab.admin_uri, *command],
            capture_output=True,
            text=True,
            check=True,
            timeout=timeout,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )
        pairs = (line.partition(":") for line in done.stdout.splitlines())
        return {name.strip(): value.strip() for name, colon, value in pairs if colon}

    def client_ids(self, server: str = "libvirtd") -> set[int]:
        """Ids of the clients by virt-admin."""
        done = subprocess.run(
            ["virt-admin", "-c", self.lab.admin_uri, "client-list", server],
            capture_output=True,
            text=True,
            check=True,
            timeout=DEADLINE,
        )
        return {int(line.split()[0]) for line in done.stdout.splitlines() if line.strip()[:1].isdigit()}


def run_module(
    module: str, *, check: bool = False, diff: bool = False, first: str = "", **options: t.Any
) -> dict[str, t.Any]:
    """Run ``libvirt_daemon_<module>`` as Ansible does, in a process of its own, after ``first``; returns its result."""
    name = f"ansible_collections.virtmap.core.plugins.modules.libvirt_daemon_{module}"
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": check, "_ansible_diff": diff}})
    done = run_as_module(name, arguments, first=first, timeout=DEADLINE + 60)
    assert done.stdout, done.stderr
    # Whatever the library has to say belongs into the result.
    assert not done.stderr, done.stderr
    result: dict[str, t.Any] = json.loads(done.stdout)
    assert result.get("failed", False) == bool(done.returncode)
    return result


@pytest.fixture(scope="module")
def libvirtd() -> t.Iterator[Daemon]:
    """A libvirtd with all transports and, where root may, certificates at the default paths."""
    with Libvirtd(tcp="sasl", tls=True) as lab:
        yield Daemon(lab)


@pytest.fixture(scope="module")
def virtlogd() -> t.Iterator[Daemon]:
    """A virtlogd."""
    with Virtlogd() as lab:
        yield Daemon(lab)


@pytest.fixture
def own_libvirtd() -> t.Iterator[Daemon]:
    """A libvirtd that a test may do anything to."""
    with Libvirtd() as lab:
        yield Daemon(lab)
