# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A command of this host with a deadline, which Ansible's own way to run one lacks. Private to this collection."""

from __future__ import annotations

import os
import signal
import subprocess
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, NotFound


def run_command(command: t.Sequence[str], text: str, seconds: float) -> tuple[int, str, str]:
    """Run a command, without a shell, and wait for it only so long.

    Args:
        command: path and arguments.
        text: its input.
        seconds: after which it is ended with all that it started.

    Returns:
        exit code, output and errors.

    Raises:
        CannotConnect: it did not end in time.
        NotFound: it cannot be started.
    """
    name = os.path.basename(command[0])
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(text, timeout=seconds)
            except subprocess.TimeoutExpired as exc:
                os.killpg(process.pid, signal.SIGKILL)
                raise CannotConnect(
                    f"the command {name} did not end within {seconds:g} seconds and was stopped; look whether the daemon "
                    "that it asks is well, or raise timeout"
                ) from exc
    except OSError as exc:
        raise NotFound(f"the command {name} cannot be started: {exc.strerror or exc}") from exc
    return process.returncode, out, err
