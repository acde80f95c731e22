# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Making a report and writing it. Private to this collection."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mappings
from ansible_collections.virtmap.core.plugins.module_utils._core.tables import csv_text
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._reports.document import document
from ansible_collections.virtmap.core.plugins.module_utils._reports.page import page
from ansible_collections.virtmap.core.plugins.module_utils._reports.tables import TABLES

LONGEST_DIFF = 100_000
MOST_HOURS = 1_000_000  # more than a century
Document = dict[str, t.Any]


class Module(t.Protocol):
    """What writing needs of AnsibleModule."""

    params: dict[str, t.Any]
    check_mode: bool
    tmpdir: str
    _diff: bool

    def atomic_move(self, src: str, dest: str, unsafe_writes: bool = ...) -> None:
        """Put a file in the place of another."""

    def load_file_common_arguments(self, params: dict[str, t.Any], path: str | None = ...) -> dict[str, t.Any]:
        """Mode, owner and the like of the options."""

    def set_fs_attributes_if_different(self, file_args: dict[str, t.Any], changed: bool) -> bool:
        """Set them."""


def as_html(options: t.Mapping[str, t.Any], made: Document) -> str:
    """The report as a web page."""
    return page(made)


def as_json(options: t.Mapping[str, t.Any], made: Document) -> str:
    """The report as JSON."""
    return json.dumps(made, indent=1) + "\n"


def as_csv(options: t.Mapping[str, t.Any], made: Document) -> str:
    """One table of the report as CSV (RFC 4180)."""
    columns = TABLES[options["table"]].columns
    return csv_text(columns, ([_flat(row.get(column)) for column in columns] for row in made[options["table"]]))


def report(module: Module, form: t.Callable[[t.Mapping[str, t.Any], Document], str]) -> dict[str, t.Any]:
    """Make the report of a module's options and write it where it differs from what is there.

    Raises:
        InvalidInput: an option is wrong, or the file cannot be written.
    """
    options = module.params
    for index, entry in enumerate(options["silent"]):
        if not entry.get("hypervisor"):
            raise InvalidInput(f"silent[{index}] names no hypervisor; hand over what mapping_history_info answers")
    if not 0 <= options["stale_hours"] <= MOST_HOURS:
        raise InvalidInput(f"stale_hours is {options['stale_hours']}, but must be from 0 to {MOST_HOURS}")
    made = document(options, parse_mappings(options["mappings"]))
    # Half a surrogate pair, which JSON can carry, is no text that a file could hold.
    content = form(options, made).encode("utf-8", "replace")
    result: dict[str, t.Any] = {"path": options["path"], "summary": made["summary"], "licence": made["licence"]}
    before = _read(options["path"])
    result["changed"] = before != content
    if result["changed"] and not module.check_mode:
        _write(module, options["path"], content)
    if os.path.exists(options["path"]):
        arguments = module.load_file_common_arguments(options)
        result["changed"] = module.set_fs_attributes_if_different(arguments, result["changed"])
    if module._diff:  # pylint: disable=protected-access
        header = {"before_header": options["path"], "after_header": options["path"]}
        result["diff"] = {**header, "before": _shown(before), "after": _shown(content)}
    return result


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise InvalidInput(f"the report {shown(path)} cannot be read ({exc.strerror}); nothing was written") from exc


def _write(module: Module, path: str, content: bytes) -> None:
    if not Path(path).parent.is_dir():
        raise InvalidInput(f"the folder of the report {shown(path)} is not there; make it first")
    handle, name = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    module.atomic_move(name, path, unsafe_writes=bool(module.params["unsafe_writes"]))


def _shown(content: bytes | None) -> str:
    if content is None:
        return ""
    if len(content) <= LONGEST_DIFF:
        return content.decode("utf-8", "replace")
    return f"({len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()})\n"


def _flat(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
