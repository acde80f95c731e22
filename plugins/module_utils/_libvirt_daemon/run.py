# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""One run of a module that changes a daemon: how it was called, and what its result says. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import told
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_file import FileChange
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.uri import DaemonUri

Values = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Run:
    """How a module was called.

    Attributes:
        options: its options.
        check_mode: whether it may change nothing.
        diff_mode: whether the user wants to see what changes.
        warn: takes warnings.
    """

    options: Values
    check_mode: bool
    diff_mode: bool
    warn: Warn

    @classmethod
    def of(cls, module: AnsibleModule, warn: Warn) -> Run:
        """The run that a module is in."""
        return cls(module.params, module.check_mode, module._diff, warn)

    @property
    def uri(self) -> DaemonUri:
        """Which daemon is meant.

        Raises:
            InvalidInput: the option ``uri`` is wrong.
        """
        return DaemonUri.parse(self.options["uri"])

    @property
    def timeout(self) -> float:
        """Seconds for each exchange with the daemon."""
        return float(self.options["timeout"])

    def result(self, changed: bool, before: Values, after: Values, file_change: FileChange | None) -> dict[str, t.Any]:
        """Write the configuration file, and put together the part of the result that all modules have.

        Args:
            changed: whether the running daemon was changed, or would be.
            before, after: what was set in it, and what is now.
            file_change: what becomes of the configuration file, None when it is left alone.

        Raises:
            Partial: the file cannot be written; its result says whether the daemon was changed.
        """
        diff: list[dict[str, t.Any]] = [{"before": dict(before), "after": dict(after)}]
        result: dict[str, t.Any] = {"changed": changed}
        if file_change is not None:
            backup = None
            if file_change.changed and not self.check_mode:
                with told({"changed": changed}):
                    backup = file_change.write()
            result["changed"] = changed or file_change.changed
            result["persisted"] = {"path": file_change.path, "changed": file_change.changed, "backup_file": backup}
            diff.append(file_change.diff())
        if self.diff_mode:
            result["diff"] = diff
        return result
