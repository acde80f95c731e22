# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Start the simulator on a free loopback port, steer it, stop it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import typing as t
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlencode

from .build import binary

_SHARED_MEMORY = Path("/dev/shm")


class Simulator:
    """A vCenter (or one ESXi) as a process of its own.

    ::

        with Simulator("-clusters", "2", "-vms", "10") as simulator:
            simulator.act("move", vm="DC0_C0_RP0_VM0", host="DC0_C1_H0")

    ``main.go`` lists the arguments, ``control.go`` the actions.
    """

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self._folder: Path | None = None
        self.address = ""
        self.tls = "-cert" in arguments

    def __enter__(self) -> Simulator:
        # It makes a folder with files for each machine; on a disk that takes many times longer.
        memory = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="vcsim-", dir=memory))
        log = self._folder / "log"
        self._process = subprocess.Popen(
            [str(binary()), *self._arguments],
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            stdin=subprocess.DEVNULL,
            env={"TMPDIR": str(self._folder)},
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            reason = log.read_text(errors="replace")[-2000:]
            self.__exit__()
            raise RuntimeError(f"vcsim did not start: {reason}")
        self.address = json.loads(line)["address"]
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.wait(60)
        self._process.stdout.close()
        assert self._folder is not None
        shutil.rmtree(self._folder)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.tls else 'http'}://{self.address}"

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it at once, connections and all."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)

    def act(self, action: str, **names: str) -> None:
        """Do what its API cannot: move, power, template, orphan, remove, disconnect."""
        self._control("POST", f"{quote(action)}?{urlencode(names)}")

    def calls(self) -> list[str]:
        """The operations that were called since the last ``forget_calls``, in order."""
        return t.cast("list[str]", json.loads(self._control("GET", "calls")))

    def forget_calls(self) -> None:
        """Begin to count anew."""
        self._control("DELETE", "calls")

    def _control(self, method: str, path: str) -> bytes:
        assert not self.tls, "the control routes are only reached without TLS"
        request = urllib.request.Request(f"{self.url}/_test/{path}", method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return t.cast(bytes, answer.read())
