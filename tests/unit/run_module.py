# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run a module as ansible-core does: in its own process, options and result as JSON on standard input and output."""

from __future__ import annotations

import json
import typing as t

from ansible.release import __version__
from ansible_collections.virtmap.core.tests.lab.module_starter import run_as_module

_CORE = tuple(int(part) for part in __version__.split(".")[:2])


def run_module(
    name: str,
    options: t.Mapping[str, t.Any],
    *,
    check_mode: bool = False,
    diff: bool = False,
    tracebacks: bool = False,
    environment: t.Mapping[str, str] | None = None,
    timeout: float = 120,
) -> dict[str, t.Any]:
    """The result of a module; its whole standard output and error stand under the keys ``_stdout`` and ``_stderr``.

    Args:
        name: of a module of this collection, or the full name of any Python module that ends like one.
        tracebacks: show those of errors, as older cores always do.
        environment: variables beside those of this process.
    """
    full = name if "." in name else f"ansible_collections.virtmap.core.plugins.modules.{name}"
    internal: dict[str, t.Any] = {"_ansible_check_mode": check_mode, "_ansible_diff": diff}
    if tracebacks and _CORE >= (2, 19):
        internal["_ansible_tracebacks_for"] = ["error"]
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **internal}})
    done = run_as_module(full, arguments, environment=environment, timeout=timeout)
    try:
        result: dict[str, t.Any] = json.loads(done.stdout)
    except ValueError as exc:
        raise AssertionError(f"no result from {name}: {done.stdout!r} {done.stderr!r}") from exc
    assert (done.returncode != 0) == bool(result.get("failed")), "the exit code says whether the module failed"
    if "warnings" in result:
        result["warnings"] = [_sentence(warning) for warning in result["warnings"]]
    return {**result, "_stdout": done.stdout, "_stderr": done.stderr}


def _sentence(warning: t.Any) -> str:
    """A warning as text; from 2.19 on it travels as an object."""
    return str(warning["event"]["msg"]) if isinstance(warning, dict) else str(warning)
