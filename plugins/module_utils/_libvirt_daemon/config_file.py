# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Keeping settings in a daemon's configuration file, so that they outlive its next start. Private to this collection."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput, Partial
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_text import Value, edit, values
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.uri import ADMIN_SERVER

# Daemons without a thread pool of their own; their configuration knows client limits and logging only.
SINGLE_THREADED = ("virtlogd", "virtlockd")
_ADMIN_KEYS = {
    "min_workers": "admin_min_workers",
    "max_workers": "admin_max_workers",
    "max_clients": "admin_max_clients",
}
_MAIN_KEYS = {
    "min_workers": "min_workers",
    "max_workers": "max_workers",
    "prio_workers": "prio_workers",
    "max_clients": "max_clients",
    "max_unauth_clients": "max_anonymous_clients",
}
_SMALL_KEYS = {"max_clients"}
LOG_KEYS = {"filters": "log_filters", "outputs": "log_outputs"}
# What the daemons take for a key that their file does not set.
_DEFAULTS = {
    "min_workers": 5,
    "max_workers": 20,
    "admin_min_workers": 5,
    "admin_max_workers": 20,
    "max_clients": 5000,
    "max_anonymous_clients": 20,
}
# The first must not be greater than the second: of workers the daemon would have fewer than told, and with too many
# anonymous clients it would not start at all.
_ORDERED = (
    ("min_workers", "max_workers"),
    ("admin_min_workers", "admin_max_workers"),
    ("max_anonymous_clients", "max_clients"),
)


def keys_for(daemon: str, server: str, options: t.Iterable[str]) -> dict[str, str]:
    """The keys under which the options of a server stand in the configuration file of its daemon.

    Args:
        options: names of options such as ``min_workers``.

    Raises:
        InvalidInput: the file of this daemon has no such key, so that the setting cannot outlive its next start.
    """
    known = _ADMIN_KEYS if server == ADMIN_SERVER else _MAIN_KEYS
    if daemon in SINGLE_THREADED:
        known = {name: key for name, key in known.items() if name in _SMALL_KEYS}
    if server not in (daemon, ADMIN_SERVER):
        known = {}
    wanted = list(options)
    missing = [name for name in wanted if name not in known]
    if missing:
        raise InvalidInput(
            f"{', '.join(missing)} of server {shown(server)} cannot be kept: the configuration file of {daemon} "
            "has no key for it, "
            "so leave out persist or set it in a task of its own"
        )
    return {name: known[name] for name in wanted}


@dataclass(frozen=True)
class FileChange:
    """What becomes of a configuration file.

    Attributes:
        path: the file itself, links resolved.
        before: its text, None when it does not exist yet.
        after: its text with the settings.
    """

    path: str
    before: str | None
    after: str

    @property
    def changed(self) -> bool:
        """Whether anything is to be written."""
        return (self.before or "") != self.after

    def diff(self) -> dict[str, str]:
        """Before and after for Ansible's diff mode."""
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": self.before or "",
            "after": self.after,
        }

    def write(self) -> str | None:
        """Put the new text in place of the old one, at once and whole, after a copy of the old one was made.

        Returns:
            the path of the copy, None when there was no file.

        Raises:
            Partial: the file cannot be written; it is as it was.
        """
        try:
            backup = None
            if self.before is not None:
                backup = f"{self.path}.{os.getpid()}.{time.strftime('%Y-%m-%d@%H:%M:%S')}~"
                _copy(self.path, backup)
            self._replace()
        except OSError as exc:
            raise Partial(
                f"{self.path}: the settings are in force, but cannot be kept in this file: {exc.strerror or exc}"
            ) from exc
        return backup

    def _replace(self) -> None:
        handle, temporary = tempfile.mkstemp(prefix=".virtmap.", dir=os.path.dirname(self.path))
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(self.after)
                file.flush()
                os.fsync(file.fileno())
            if self.before is None:
                os.chmod(temporary, 0o644)
            else:
                _keep_attributes(self.path, temporary)
            os.replace(temporary, self.path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise


def plan(
    daemon: str, path: str, settings: t.Mapping[str, int | str | None], same: t.Callable[[str, Value], bool]
) -> FileChange:
    """Find out what is to be changed in a configuration file, and that it can be; nothing is written.

    Args:
        daemon: name of the daemon.
        path: the file; it may be missing when its folder is there.
        settings: key to value, None for the built-in default.
        same: tells of a key whether the value that stands in the file means the same as the wanted one.

    Raises:
        InvalidInput: the file cannot be read or is broken, or the settings contradict others in it.
    """
    path = os.path.realpath(path)
    before = _read(path)
    try:
        standing = values(before or "")
        changes = {
            key: value
            for key, value in settings.items()
            if (key in standing) != (value is not None) or (key in standing and not same(key, standing[key]))
        }
        after = edit(before or "", changes)
        _check_untouched(standing, values(after), changes)
    except InvalidInput as exc:
        raise InvalidInput(f"{path}: nothing was changed: {exc.message}") from exc
    if daemon not in SINGLE_THREADED:
        _check_order(path, values(after), set(settings))
    return FileChange(path, before, after)


def read_values(path: str) -> dict[str, Value]:
    """The settings in a configuration file; none when it does not exist, as the daemon then takes its defaults.

    Raises:
        InvalidInput: it cannot be read or is broken.
    """
    try:
        return values(_read(path) or "")
    except InvalidInput as exc:
        raise InvalidInput(f"{path}: {exc.message}") from exc


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError as exc:
        if os.path.isdir(os.path.dirname(path)):
            return None
        raise InvalidInput(
            f"{path}: the configuration file and its folder do not exist, so say in config_file which it is"
        ) from exc
    except OSError as exc:
        raise InvalidInput(f"{path}: the configuration file cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"{path}: the configuration file is not written in UTF-8") from exc


def _check_untouched(
    before: dict[str, Value], after: dict[str, Value], changes: t.Mapping[str, int | str | None]
) -> None:
    expected = {**before, **changes}
    if after != {key: value for key, value in expected.items() if value is not None}:
        raise InvalidInput(
            "it is written in a way that cannot be edited without touching other settings, so edit it by hand"
        )


def _check_order(path: str, settings: dict[str, Value], touched: set[str]) -> None:
    for low, high in _ORDERED:
        lower, higher = (settings.get(key, _DEFAULTS[key]) for key in (low, high))
        if touched & {low, high} and isinstance(lower, int) and isinstance(higher, int) and lower > higher:
            raise InvalidInput(
                f"{path}: nothing was changed: it would hold {low} = {lower} with {high} = {higher}, with which the daemon "
                "would not start or not do what it says, so set both options in this task"
            )


def _copy(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    _keep_attributes(source, target)


def _keep_attributes(source: str, target: str) -> None:
    """Give a file the owner, mode and labels of another; the label of SELinux is one of the extended attributes."""
    shutil.copystat(source, target)
    status = os.stat(source)
    if (status.st_uid, status.st_gid) != (os.stat(target).st_uid, os.stat(target).st_gid):
        os.chown(target, status.st_uid, status.st_gid)
