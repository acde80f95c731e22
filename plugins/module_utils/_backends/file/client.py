# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reads a mapping from a file. Private to this collection."""

from __future__ import annotations

import json
import traceback
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.file.convert import convert
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn, assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput, MissingLibrary, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

try:
    import yaml
except ImportError:
    YAML_ERROR: str | None = traceback.format_exc()
else:
    YAML_ERROR = None


def collect(options: t.Mapping[str, t.Any], selection: Selection, warn: Warn) -> Mapping:
    """Read the mapping in the file ``path``.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the file cannot be read, or is in none of the formats.
        MissingLibrary: the file is YAML and PyYAML is not installed.
    """
    path = options["path"]
    document = load(path)
    found = convert(document, path)
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
    try:
        with open(path, encoding="utf-8-sig") as stream:
            text = stream.read()
    except FileNotFoundError as exc:
        raise NotFound(
            f"the file {path} does not exist; check the option path, which is a path on the host the task runs on"
        ) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidInput(f"the file {path} cannot be read: {exc}") from exc
    try:
        return json.loads(text)
    except ValueError as exc:
        json_error = exc
    if YAML_ERROR is not None:
        raise MissingLibrary("PyYAML", reason=f"to read {path}, which is not JSON", traceback=YAML_ERROR)
    try:
        # The C loader is ten times faster; not every build of PyYAML has it.
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as exc:
        raise InvalidInput(
            f"the file {path} is neither JSON ({json_error}) nor YAML ({' '.join(str(exc).split())})"
        ) from exc
