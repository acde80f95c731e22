# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run modules in processes of their own which have loaded already what all modules load, most of what a short one costs.

A server process imports ``ansible.module_utils.basic`` once and forks for each module. All else of a process is its own:
standard input, output and error, variables, folder, limits, exit status, and what the module itself imports.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import typing as t

# ansible-core 2.19 and newer wants to be told how values travel; older ones do not look at it.
RUNNER = """
import runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_PROFILE = "legacy"
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""
SERVER = f"""
from {__name__} import RUNNER, serve
if serve():
    exec(RUNNER, {{"__name__": "__main__"}})
"""
# Of a request, which is the name of a module and its variables.
LARGEST = 1 << 18


class ModuleStarter:
    """A server process, which ends when this process does.

    Args:
        paths: where Python looks for packages, as in ``PYTHONPATH``.
    """

    def __init__(self, paths: str) -> None:
        self._paths = paths
        self._control, served = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with served:
            # Its standard input tells it when nobody will ask any more.
            self._process = subprocess.Popen(
                [sys.executable, "-c", SERVER], stdin=served.fileno(), env={**os.environ, "PYTHONPATH": paths}
            )

    def close(self) -> None:
        """End the server, when no module runs any more.

        Raises:
            subprocess.TimeoutExpired: one still ran after a minute.
        """
        # Whoever was forked from this process may still hold the socket.
        self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        self._process.wait(timeout=60)

    def run(
        self, name: str, arguments: str, *, environment: t.Mapping[str, str] | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a module to its end.

        Args:
            name: full name of a Python module, which is run as a program.
            arguments: what it reads from its standard input.
            environment: variables beside those of this process.
            timeout: seconds after which it is killed.

        Raises:
            subprocess.TimeoutExpired: it was killed.
        """
        variables = {**os.environ, "PYTHONPATH": self._paths, **(environment or {})}
        request = json.dumps({"name": name, "variables": variables, "folder": os.getcwd(), "limits": limits()})
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            given.write(arguments.encode())
            given.seek(0)
            answer, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with answer, told:
                files = [told.fileno(), given.fileno(), output.fileno(), errors.fileno()]
                socket.send_fds(self._control, [request.encode()], files)
                told.close()
                answer.settimeout(timeout)
                pid = int(answer.recv(64))
                try:
                    status = int(answer.recv(64))
                except socket.timeout as exc:
                    os.kill(pid, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(name, timeout) from exc
            for stream in (output, errors):
                stream.seek(0)
            return subprocess.CompletedProcess(name, status, output.read().decode(), errors.read().decode())


STARTED: dict[str, ModuleStarter] = {}
LOCK = threading.Lock()


def python_path(*more: str) -> str:
    """Where this process looks for packages, and further folders, as in ``PYTHONPATH``."""
    return os.pathsep.join([*filter(None, sys.path), *more])


def run_as_module(
    name: str,
    arguments: str,
    *,
    first: str = "",
    environment: t.Mapping[str, str] | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run a module as :meth:`ModuleStarter.run` does, with the one starter of this process for its paths.

    Args:
        first: code to run before it. With code, or another ``PYTHONPATH``, which Python looks at when it starts, the module
            gets a process that nothing was loaded into.
    """
    if first or (environment and "PYTHONPATH" in environment):
        return subprocess.run(
            [sys.executable, "-c", first + RUNNER, name],
            input=arguments,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={**os.environ, "PYTHONPATH": python_path(), **(environment or {})},
        )
    paths = python_path()
    with LOCK:
        if paths not in STARTED:
            STARTED[paths] = ModuleStarter(paths)
    return STARTED[paths].run(name, arguments, environment=environment, timeout=timeout)


def close_starters() -> None:
    """End all starters of this process."""
    while STARTED:
        STARTED.popitem()[1].close()


def limits() -> list[tuple[int, tuple[int, int]]]:
    """What this process may use at most, as numbers of resources and their two limits each."""
    numbers = {value for name, value in vars(resource).items() if name.startswith("RLIMIT_")}
    return [(number, resource.getrlimit(number)) for number in sorted(numbers)]


def serve() -> bool:
    """Answer requests on standard input; returns true in each new process that is to run ``RUNNER``, and false at the end
    of the server."""
    # Loaded for those that are forked.
    import runpy  # noqa: F401

    from ansible.module_utils import basic  # noqa: F401

    control = socket.socket(fileno=os.dup(0))
    waiting = 0
    while True:
        request, files, _flags, _address = socket.recv_fds(control, LARGEST, 4)
        # What they took of the processors counts as the server's once it has waited for them.
        while waiting and os.waitpid(-1, 0 if not request else os.WNOHANG)[0]:
            waiting -= 1
        if not request:
            return False
        if os.fork() == 0:
            control.close()
            return attend(request, files)
        waiting += 1
        for number in files:
            os.close(number)


def attend(request: bytes, files: list[int]) -> bool:
    """Fork once more and wait for what was forked, to tell who asked its number and how it ended; returns in the new
    process only, which has become what was asked for."""
    told = socket.socket(fileno=files[0])
    pid = os.fork()
    if pid:
        told.send(str(pid).encode())
        _pid, status = os.waitpid(pid, 0)
        told.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    told.close()
    for number, file in enumerate(files[1:]):
        os.dup2(file, number)
        os.close(file)
    wanted = json.loads(request)
    os.environ.clear()
    os.environ.update(wanted["variables"])
    os.chdir(wanted["folder"])
    for number, limit in wanted["limits"]:
        resource.setrlimit(number, tuple(limit))
    sys.argv[1:] = [wanted["name"]]
    return True
