# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A facts module whose backend does what its option ``act`` says; test_module runs it as a process."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core import errors
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Host, Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.module import run_facts_module
from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    PROXY,
    TIMEOUT,
    OptionGroup,
    from_environment,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

OPTIONS = (
    OptionGroup(
        {
            "act": {"type": "str", "default": "answer"},
            "name": {"type": "str", "default": "esx1"},
            "count": {"type": "int", "default": 0},
            "password": from_environment("TEST_PASSWORD", type="str", no_log=True),
        }
    )
    + TIMEOUT
    + PROXY
)


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: t.Callable[[str], None]) -> Mapping:
    """Do as told."""
    act = options["act"]
    for number in range(options["count"]):
        warn(f"warning {number}")
    if act == "library":
        raise errors.MissingLibrary("urllib3", reason="to reach vcsim", traceback="Traceback: here")
    if act == "bug":
        raise RuntimeError(f"login with {options['password']} at line 1\nfailed")
    if act == "half":
        raise errors.Partial("one of two failed", {"changed": True, "created": ["h1"]})
    if act in ("InvalidInput", "CannotConnect", "Denied", "NotFound", "BadAnswer"):
        raise getattr(errors, act)(f"the server said no ({act}) to {options['password']}")
    host = Host(ids={"uuid": "u1"}, name=options["name"], guests=[Guest("g1"), Guest("g1")] if act == "twins" else [])
    return assemble(backend="esx", source="vc.example.com", hosts=[host], selection=selection, warn=warn)


def main() -> None:
    """Run the module."""
    run_facts_module(OPTIONS, collect)


if __name__ == "__main__":
    main()
