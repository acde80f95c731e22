# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""virt-who's configuration files. Private to this collection.

``/etc/virt-who.conf`` holds ``[global]``, ``[defaults]`` and ``[system_environment]``, any other section in it is a source; every section of the
drop-in files ``/etc/virt-who.d/*.conf`` is a source.
"""

from __future__ import annotations

import configparser
import os
import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.text import interpolated, items, unquoted

Warn = t.Callable[[str], None]
SPECIAL = ("global", "defaults", "system_environment")


@dataclass
class Section:
    """One source as virt-who is configured for it.

    Attributes:
        file: the file that it stands in.
        values: its keys in lower case, with those of ``[defaults]`` under them.
    """

    name: str
    file: str
    values: dict[str, str]


@dataclass
class Configuration:
    """All that the files say.

    Attributes:
        general: the values of ``[global]``.
        environment: the values of ``[system_environment]``.
        sections: the sources, sorted by name.
    """

    general: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)


def read_configuration(config_file: str, config_dir: str, warn: Warn) -> Configuration:
    """Read the general file and the drop-in files.

    Args:
        warn: receives a sentence for each file that is skipped, and for each place where virt-who would do something else.

    Raises:
        InvalidInput: there is neither the file nor the folder, or one that is there cannot be read.
    """
    if not os.path.exists(config_file) and not os.path.isdir(config_dir):
        raise InvalidInput(
            f"there is neither {config_file} nor {config_dir}; name virt-who's files with config_file and config_dir"
        )
    general = _read_file(config_file, warn) if os.path.exists(config_file) else {}
    defaults = general.get("defaults", {})
    settings = general.get("global", {})
    found: dict[str, Section] = {}
    listed = items(settings.get("configs", ""))
    for path in listed:
        _add(found, path, defaults, warn)
    if not found:
        for name, values in general.items():
            if name not in SPECIAL:
                found[name] = Section(name, config_file, {**defaults, **values})
        for path in drop_in_files(config_dir):
            _add(found, path, defaults, warn)
    return Configuration(settings, general.get("system_environment", {}), [found[name] for name in sorted(found)])


def find_section(configuration: Configuration, name: str) -> Section:
    """The section of a name.

    Raises:
        InvalidInput: there is none.
    """
    for section in configuration.sections:
        if section.name == name:
            return section
    raise InvalidInput(f"virt-who's configuration has no section {shown(name)}")


def drop_in_files(config_dir: str) -> list[str]:
    """The drop-in files in the order of their names.

    Raises:
        InvalidInput: the folder cannot be read.
    """
    if not os.path.isdir(config_dir):
        return []
    try:
        names = sorted(os.listdir(config_dir))
    except OSError as exc:
        raise InvalidInput(
            f"the folder {config_dir} cannot be read: {exc.strerror}; run as the user that may, usually root"
        ) from exc
    return [os.path.join(config_dir, name) for name in names if name.endswith(".conf") and not name.startswith(".")]


def _add(found: dict[str, Section], path: str, defaults: dict[str, str], warn: Warn) -> None:
    for name, values in _read_file(path, warn).items():
        if name in ("global", "defaults"):
            continue
        if name in found:
            warn(
                f"the section {shown(name)} stands in {found[name].file} and in {path}; the latter is used, "
                "while virt-who would take either of them"
            )
        found[name] = Section(name, path, {**defaults, **values})


def _read_file(path: str, warn: Warn) -> dict[str, dict[str, str]]:
    """The sections of one file; none, with a warning, when virt-who could not read it either.

    Raises:
        InvalidInput: virt-who, which runs as root, could read it: its sources would be missing without a failure.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
    except UnicodeDecodeError:
        warn(f"{path} is not UTF-8 and is skipped, as virt-who does")
        return {}
    except (FileNotFoundError, IsADirectoryError) as exc:
        warn(f"{path} cannot be read and is skipped: {exc.strerror}")
        return {}
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be read: {exc.strerror}; run as the user that may, usually root") from exc
    if text.startswith("\ufeff"):
        warn(f"{path} begins with a byte order mark; virt-who would ignore the file")
        text = text[1:]
    parser = configparser.RawConfigParser(strict=False, interpolation=None, delimiters=("=", ":"))
    try:
        parser.read_string(text, source=path)
    except configparser.Error as exc:
        # The text of the error quotes the line, which may hold a password.
        line = getattr(exc, "lineno", None) or next((number for number, _line in getattr(exc, "errors", ())), None)
        where = f" (line {line})" if line else ""
        warn(f"{path} cannot be read as virt-who's configuration{where} and is skipped, as virt-who does")
        return {}
    return {name: _values(dict(parser.items(name)), name, path, warn) for name in parser.sections() if name.strip()}


def _values(raw: dict[str, str], section: str, path: str, warn: Warn) -> dict[str, str]:
    values = {}
    for key, value in raw.items():
        values[key], odd = interpolated(value, raw)
        values[key] = unquoted(values[key].strip())
        if odd:
            warn(
                f"{path}: {key} of section {shown(section)} holds a single %, which is taken as it is; "
                "virt-who would skip the whole file (write %% for a percent sign)"
            )
    return values
