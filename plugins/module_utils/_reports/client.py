# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Making a report and writing it. Private to this collection."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import typing as t
import uuid
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import check_hours
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mappings
from ansible_collections.virtmap.core.plugins.module_utils._core.tables import COLUMNS, csv_text, rows
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._reports.document import document
from ansible_collections.virtmap.core.plugins.module_utils._reports.page import page
from ansible_collections.virtmap.core.plugins.module_utils._reports.tables import PLACEMENTS, TABLES

LONGEST_DIFF = 100_000
MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
Document = dict[str, t.Any]
Form = t.Callable[[t.Mapping[str, t.Any], Document], str]


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
    """The report as JSON, together with the mappings that it was made of."""
    return json.dumps(made, indent=1) + "\n"


def as_csv(options: t.Mapping[str, t.Any], made: Document) -> str:
    """One table of the report as CSV (RFC 4180).

    Raises:
        InvalidInput: a source gave no answer, which no line of the table can tell.
    """
    name = options["table"]
    if made["missing"] and name != "missing" and not options["allow_missing"]:
        raise InvalidInput(
            f"the table {name} would lack what {listed([entry['source'] for entry in made['missing']])} knows, and CSV "
            f"has no place to say so; {shown(options['path'])} was left as it is. Set allow_missing to write it anyhow"
        )
    columns = COLUMNS if name == PLACEMENTS else TABLES[name].columns
    return csv_text(columns, ([_flat(row.get(column)) for column in columns] for row in made[name]))


def report(module: Module, form: Form, *, with_mappings: bool = False) -> dict[str, t.Any]:
    """Make the report of a module's options and write it where it says something else than what is there.

    Args:
        with_mappings: the form also tells the mappings that the report was made of.

    Raises:
        InvalidInput: an option is wrong, or the file cannot be written.
    """
    options = module.params
    for name, key, origin in (
        ("silent", "hypervisor", "hand over what mapping_history_info answers"),
        ("missing", "source", "give each entry a source and a reason"),
    ):
        for index, entry in enumerate(options[name]):
            if not entry.get(key):
                raise InvalidInput(f"{name}[{index}] names no {key}; {origin}")
    check_hours(options, "stale_hours")
    mappings = parse_mappings(options["mappings"])
    made = document(options, mappings)
    if with_mappings:
        made["mappings"] = [mapping.to_dict() for mapping in mappings]
    if options.get("table") == PLACEMENTS:
        made[PLACEMENTS] = list(rows(mappings))
    content = _encoded(form(options, made))
    result: dict[str, t.Any] = {"path": options["path"], "summary": made["summary"], "licence": made["licence"]}
    before = _read(options["path"])
    if before is not None and before != content and not options["refresh"]:
        # Told once more only where the bytes differ, which takes as long as making it.
        content = before if _same_but_for_moments(before, form, options, made) else content
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


def _encoded(text: str) -> bytes:
    # Half a surrogate pair, which JSON can carry, is no text that a file could hold.
    return text.encode("utf-8", "replace")


def _same_but_for_moments(before: bytes, form: Form, options: t.Mapping[str, t.Any], made: Document) -> bool:
    """Whether a file differs from the report at most in when the sources were collected.

    The report is made once more with a mark, which no name can hold, in place of these moments.
    """
    mark = uuid.uuid4().hex
    names = [name for name in ("sources", "mappings") if name in made]
    marked = {name: [{**entry, "collected_at": mark} for entry in made[name]] for name in names}
    first, *others = _encoded(form(options, {**made, **marked})).split(mark.encode())
    if not before.startswith(first):
        return False
    position = len(first)
    for piece in others:
        moment = MOMENT.match(before, position)
        if moment is None or not before.startswith(piece, moment.end()):
            return False
        position = moment.end() + len(piece)
    return position == len(before)


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
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
    except OSError as exc:
        os.unlink(name)
        raise InvalidInput(
            f"the report {shown(path)} cannot be written ({exc.strerror} in {shown(module.tmpdir)}); it was left as it is"
        ) from exc
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
