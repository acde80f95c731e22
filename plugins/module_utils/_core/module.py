# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The glue between shared code and an Ansible module. Private to this collection.

The only shared file that ends a module: it turns options into a call, and the one family of errors into a result.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import sys
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    InvalidInput,
    MissingLibrary,
    MissingSystemLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import FACT_NAME, Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    SELECTION,
    OptionGroup,
    check_timeout,
    proxy_secrets,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

Warn = t.Callable[[str], None]
FACTS = "ansible_facts"
Collect = t.Callable[[t.Mapping[str, t.Any], Selection, Warn], Mapping]
WARNINGS_SHOWN = 20
# Facts whose JSON is longer are printed by the shorter way; a few hundred guests.
LARGE_FACTS = 64 * 1024


class _Module(AnsibleModule):  # type: ignore[misc] # ansible-core has no types
    """A module whose options beat variables of the environment that cannot stand beside them; and that does not write
    whole fleets into the system's log, where each option's value goes otherwise."""

    params: dict[str, t.Any]
    argument_spec: dict[str, t.Any]

    def __init__(self, options: OptionGroup) -> None:
        self._group = options
        super().__init__(**options.module_arguments(), supports_check_mode=True)

    def _load_params(self) -> None:
        super()._load_params()
        self.argument_spec = {**self.argument_spec, **self._group.spec_beside(self.params)}

    def _log_invocation(self) -> None:
        whole = self.params
        self.params = _echoed(whole)
        try:
            super()._log_invocation()
        finally:
            self.params = whole


class Warnings:
    """Hands warnings on, but only so many by name: a fleet with thousands of conflicts must stay readable.

    Args:
        warn: receives each sentence.
    """

    def __init__(self, warn: Warn) -> None:
        self._warn = warn
        self._count = 0

    def __call__(self, message: str) -> None:
        self._count += 1
        if self._count <= WARNINGS_SHOWN:
            self._warn(message)

    def close(self) -> None:
        """Say how many warnings were left out."""
        if self._count > WARNINGS_SHOWN:
            self._warn(f"{self._count - WARNINGS_SHOWN} more warnings of this kind were left out")


def run_module(
    options: OptionGroup,
    work: t.Callable[[AnsibleModule, Warn], dict[str, t.Any]],
) -> None:
    """Run a module: read its options, do its work, end with its result or with one plain sentence.

    Args:
        options: all options of the module.
        work: gets the module (for params, check_mode, run_command) and a function for warnings; returns the module's
            result. Errors of the family become the failed result.
    """
    # The cycle collector would walk through the growing fleet over and over, and a module ends before cycles matter.
    # Ansible's own copies of large options are made without it, too.
    gc.disable()
    try:
        _run(options, work)
    finally:
        gc.enable()


def _run(options: OptionGroup, work: t.Callable[[AnsibleModule, Warn], dict[str, t.Any]]) -> None:
    module = _Module(options)
    module.no_log_values.update(proxy_secrets(module.params.get("proxy")))
    warn = Warnings(module.warn)
    invocation = {"module_args": _echoed(module.params)}
    try:
        if "timeout" in options.spec:
            check_timeout(module.params)
        result = work(module, warn)
    except MissingSystemLibrary as exc:
        warn.close()
        module.fail_json(msg=exc.message)
    except MissingLibrary as exc:
        warn.close()
        module.fail_json(msg=missing_required_lib(exc.library, reason=exc.reason), exception=exc.traceback)
    except VirtmapError as exc:
        warn.close()
        module.fail_json(msg=exc.message, invocation=invocation, **exc.result)
    except Exception as exc:  # noqa: BLE001 - a bug of ours; unlike a bare traceback, fail_json removes secrets
        module.fail_json(msg=f"unexpected {type(exc).__name__}: {exc}", exception=traceback.format_exc())
    else:
        warn.close()
        _exit(module, {"invocation": invocation, **result})


def _exit(module: AnsibleModule, result: dict[str, t.Any]) -> None:
    """End the module with its result.

    exit_json goes through every value several times, to hide secrets and to convert bytes; for a large fleet that takes
    longer than collecting it. Large facts are printed here in its place, as JSON in one go: they are plain data, and a
    look into the text tells whether a secret is in it.
    """
    text = json.dumps(result.get(FACTS, {}))
    if len(text) < LARGE_FACTS or any(json.dumps(secret)[1:-1] in text for secret in module.no_log_values):
        module.exit_json(**result)
    # All that is not the facts is still exit_json's: invocation, warnings, tidying up.
    token = os.urandom(16).hex()
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            module.exit_json(**{**result, FACTS: token})
    finally:
        sys.stdout.write(printed.getvalue().replace(json.dumps(token), text))


def _echoed(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options as the result and the system's log repeat them: without whole mappings, which may be many megabytes."""
    sizes = {
        name: f"({len(params[name])} {'characters' if isinstance(params[name], str) else 'entries'}, not repeated here)"
        for name in ("mapping", "mappings", "packed")
        if isinstance(params.get(name), (dict, list, str))
    }
    return {**params, **sizes}


def run_facts_module(options: OptionGroup, collect: Collect) -> None:
    """Run a facts module: collect the mapping of one source.

    Args:
        options: the backend's own options; the common ones (selection) are added here.
        collect: the backend: options, selection and a function for warnings in, mapping out.
    """

    def work(module: AnsibleModule, warn: Warn) -> dict[str, t.Any]:
        facts = collect(module.params, Selection.from_options(module.params), warn).to_dict()
        _refuse_masking(facts, module.no_log_values)
        return {"changed": False, FACTS: {FACT_NAME: facts}}

    run_module(options + SELECTION, work)


def _refuse_masking(facts: dict[str, t.Any], secrets: t.Iterable[str]) -> None:
    """Refuse a mapping in which a secret occurs by chance.

    ansible-core replaces each secret by asterisks wherever it stands in a result: with the password ``web`` the guest
    web1 would be reported as ``********1``.

    Raises:
        InvalidInput: the mapping would be falsified.
    """
    secrets = set(secrets)
    text = json.dumps(facts, ensure_ascii=False) if secrets else ""
    suspects = {secret for secret in secrets if json.dumps(secret, ensure_ascii=False)[1:-1] in text}
    if suspects and remove_values(facts, suspects) != facts:
        raise InvalidInput(
            "a password or token of this task also occurs in a name or id of the mapping, where Ansible would replace "
            "it by asterisks; use another account or a longer password"
        )
