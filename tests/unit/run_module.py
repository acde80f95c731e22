# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run a module as ansible-core does: in its own process, options and result as JSON on standard input and output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

# ansible-core 2.19 and newer wants to be told how values travel; older ones do not look at it.
RUNNER = """
import runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_PROFILE = "legacy"
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""


def run_module(
    name: str,
    options: t.Mapping[str, t.Any],
    *,
    check_mode: bool = False,
    diff: bool = False,
    environment: t.Mapping[str, str] | None = None,
    timeout: float = 120,
) -> dict[str, t.Any]:
    """The result of a module; its whole standard output and error stand under the keys ``_stdout`` and ``_stderr``.

    Args:
        name: of a module of this collection, or the full name of any Python module that ends like one.
        environment: variables beside those of this process.
    """
    full = name if "." in name else f"ansible_collections.virtmap.core.plugins.modules.{name}"
    arguments = {"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": check_mode, "_ansible_diff": diff}}
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, full],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "PYTHONPATH": paths, **(environment or {})},
    )
    try:
        result: dict[str, t.Any] = json.loads(done.stdout)
    except ValueError as exc:
        raise AssertionError(f"no result from {name}: {done.stdout!r} {done.stderr!r}") from exc
    assert (done.returncode != 0) == bool(result.get("failed")), "the exit code says whether the module failed"
    return {**result, "_stdout": done.stdout, "_stderr": done.stderr}
