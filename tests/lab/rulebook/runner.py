# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Start ansible-rulebook, read what it says, end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

# Beyond all that a busy machine needs.
PATIENCE = 120.0


class Rulebook:
    """A rulebook that runs; a context manager.

    ::

        with Rulebook("virtmap.core.guest_moved", folder, {"virtmap_sources": [...]}) as rulebook:
            rulebook.wait_for("moved from")

    Args:
        name: of a rulebook of the collection, or the path of a file.
        folder: gets the file with the variables and an inventory.
        variables: as users give them with ``--vars``.
        environment: added to this process's own; ``ANSIBLE_COLLECTIONS_PATH`` must lead to the collection.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        variables: t.Mapping[str, t.Any],
        environment: t.Mapping[str, str] | None = None,
        arguments: t.Sequence[str] = (),
    ) -> None:
        self._name = name
        self._variables = folder / "variables.json"
        self._variables.write_text(json.dumps(variables), encoding="utf-8")
        inventory = folder / "inventory.yml"
        inventory.write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n", encoding="utf-8")
        self._arguments = ["-i", str(inventory), *arguments]
        # Its own programs first: ansible-rulebook looks for ansible-galaxy and ansible-playbook on PATH.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment = {**os.environ, "PATH": path, "ANSIBLE_LOCALHOST_WARNING": "false", **(environment or {})}
        self._lines: list[str] = []
        self._came = threading.Condition()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Rulebook:
        command = ["ansible-rulebook", "-r", self._name, "--vars", str(self._variables), *self._arguments]
        self._process = subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def text(self) -> str:
        """All that it has said so far."""
        with self._came:
            return "".join(self._lines)

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until it has said something so many times; fail with all that it said when it does not."""
        with self._came:
            if not self._came.wait_for(lambda: "".join(self._lines).count(text) >= times, PATIENCE):
                raise AssertionError(f"it never said {text!r}, but:\n{''.join(self._lines)}")

    def wait_until(self, what: str, condition: t.Callable[[], bool]) -> None:
        """Wait until a condition holds, and fail with its name and all that was said when it never does."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self._process is not None
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise AssertionError(f"never happened: {what}; it said:\n{self.text()}")
            time.sleep(0.02)

    def ended(self) -> int:
        """Wait until it ends by itself; its exit code."""
        assert self._process is not None
        return self._process.wait(PATIENCE)

    def end(self) -> int:
        """End it as a user does, and return its exit code."""
        process = self._process
        assert process is not None
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"it did not end when told to:\n{self.text()}") from None
        finally:
            self._reader.join(PATIENCE)

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._came:
                self._lines.append(line)
                self._came.notify_all()
        self._process.stdout.close()
