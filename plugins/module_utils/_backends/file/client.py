# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reads a mapping from a file. Private to this collection."""

from __future__ import annotations

import json
import os
import re
import stat
import traceback
import typing as t
from datetime import datetime, timezone

from ansible_collections.virtmap.core.plugins.module_utils._backends.file.convert import convert
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    CannotConnect,
    InvalidInput,
    MissingLibrary,
    NotFound,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.options import check_timeout
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

try:
    import yaml
except ImportError:
    YAML_ERROR: str | None = traceback.format_exc()
else:
    YAML_ERROR = None


# A mapping needs six levels.
DEEPEST = 100


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: Warn) -> Mapping:
    """Read the mapping in the file ``path``.

    Raises:
        NotFound: there is no such file.
        CannotConnect: the mapping is older than ``max_age``.
        InvalidInput: the file cannot be read, or is in none of the formats.
        MissingLibrary: the file is YAML and PyYAML is not installed.
    """
    path = options["path"]
    max_age = None if options["max_age"] is None else check_timeout(options, "max_age")
    document = load(path)
    found = convert(document, path)
    if max_age is not None:
        _check_age(path, found.collected_at, max_age)
    mapping = assemble(
        backend="file",
        source=path,
        hosts=found.hosts,
        selection=selection,
        warn=warn,
        skipped=found.skipped,
        unplaced=found.unplaced,
        extra=found.extra,
    )
    # A mapping that was kept in a file is as old as it says.
    mapping.collected_at = found.collected_at or mapping.collected_at
    return mapping


def load(path: str) -> t.Any:
    """The document in a JSON or YAML file.

    Raises:
        NotFound, InvalidInput, MissingLibrary: as ``collect``.
    """
    text = _text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        json_error = exc
    if YAML_ERROR is not None:
        raise MissingLibrary("PyYAML", reason=f"to read {path}, which is not JSON", traceback=YAML_ERROR)
    # The C loader is ten times faster; not every build of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if _looks_deep(text) and _depth(text, loader) > DEEPEST:
            raise InvalidInput(f"the file {path} is nested too deeply to be a mapping")
        return yaml.load(text, Loader=loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise InvalidInput(
            f"the file {path} is neither JSON ({json_error}) nor YAML ({' '.join(str(exc).split())}); let it be written anew, "
            "in full under another name and then renamed"
        ) from exc


def _check_age(path: str, collected_at: str | None, max_age: float) -> None:
    """Refuse a mapping that nobody has brought up to date.

    Args:
        collected_at: in UTC; None where the format does not tell it, so that the last change of the file counts.
    """
    if collected_at is None:
        moment, of = datetime.fromtimestamp(os.stat(path).st_mtime, timezone.utc), "was last written"
    else:
        moment, of = datetime.fromisoformat(collected_at.replace("Z", "+00:00")), "was collected"
    age = (datetime.now(timezone.utc) - moment).total_seconds()
    told = f"the mapping in the file {path} {of} at {moment:%Y-%m-%dT%H:%M:%SZ}"
    if age > max_age:
        raise CannotConnect(
            f"{told}, {age:.0f} seconds ago, which is longer than max_age ({max_age:g}); see why what writes this file has "
            "stopped, or raise max_age"
        )
    if age < -max_age:
        raise CannotConnect(f"{told}, which has not come yet; set the clocks of this host and of the one that wrote it")


def _looks_deep(text: str) -> bool:
    """Whether a YAML text may be nested deeply; a quick look that finds too much rather than too little."""
    depth = 0
    for bracket in re.finditer(r"[][{}]", text):
        depth = depth + 1 if bracket.group() in "[{" else max(depth - 1, 0)
        if depth > DEEPEST:
            return True
    return re.search(rf"^[ ?:-]{{{DEEPEST},}}", text, re.MULTILINE) is not None


def _depth(text: str, loader: t.Any) -> int:
    """How deeply a YAML text is nested. The C loader makes objects by recursion without a limit, and would end the process."""
    depth = deepest = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest


def _text(path: str) -> str:
    try:
        # A pipe or a device could be read for ever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise InvalidInput(f"{path} is no file; the option path must name a JSON or YAML file")
        with open(path, encoding="utf-8-sig") as stream:
            return stream.read()
    except FileNotFoundError as exc:
        raise NotFound(
            f"the file {path} does not exist; check the option path, which is a path on the host the task runs on"
        ) from exc
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"the file {path} is not text in UTF-8: {exc.reason} at byte {exc.start}") from exc
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise InvalidInput(f"the file {path} cannot be read: {reason}") from exc
