# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Files of a store: locked while they are changed, replaced as a whole, kept as they were on request. Private."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, InvalidInput

_LOCK_PAUSE = 0.2


def read_text(path: Path) -> str | None:
    """The text of a file; None when it is not there.

    Raises:
        InvalidInput: it cannot be read, or is no UTF-8.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise InvalidInput(f"the store {path} cannot be read ({exc.strerror})") from exc
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise InvalidInput(f"the store {path} is no UTF-8 in line {line}; it was left as it is") from exc


@contextlib.contextmanager
def locked(path: Path, seconds: float) -> t.Iterator[None]:
    """Let only one task of this machine at a time change a store.

    Args:
        path: of the store.
        seconds: how long to wait for another task.

    Raises:
        CannotConnect: it takes longer.
        InvalidInput: the folder is not there or not writable.
    """
    until = time.monotonic() + seconds
    path = path.resolve()
    try:
        # Hidden, so that Ansible does not take it for an inventory.
        handle = os.open(
            path.parent / f".{path.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
    except OSError as exc:
        raise InvalidInput(f"the folder of the store {path} cannot be written to ({exc.strerror})") from exc
    try:
        while not _lock(handle):
            if time.monotonic() > until:
                raise CannotConnect(
                    f"another task has been changing the store {path} for more than {seconds:g} seconds; run this one "
                    "again when that has ended"
                )
            time.sleep(_LOCK_PAUSE)
        yield
    finally:
        os.close(handle)


def replace_all(texts: t.Mapping[Path, str], *, backup: bool) -> list[str]:
    """Replace files as a whole; none is touched before all could be written.

    Args:
        texts: what each file is to hold.
        backup: keep what was there beside it.

    Returns:
        where it was kept.

    Raises:
        InvalidInput: a file cannot be written.
    """
    drafts: dict[Path, Path] = {}
    backups = []
    try:
        for path, text in texts.items():
            drafts[path] = _draft(path.resolve(), text)
        for path in texts:
            if backup and path.exists():
                backups.append(_keep(path.resolve()))
        for path, draft in list(drafts.items()):
            os.replace(draft, path.resolve())
            del drafts[path]
    except OSError as exc:
        raise InvalidInput(f"the store cannot be written: {exc.filename or ''}: {exc.strerror}") from exc
    finally:
        for draft in drafts.values():
            draft.unlink()
    return backups


def _draft(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            shutil.copymode(path, draft)
            if os.geteuid() == 0:
                there = path.stat()
                os.chown(draft, there.st_uid, there.st_gid)
        else:
            mask = os.umask(0)
            os.umask(mask)
            draft.chmod(0o666 & ~mask)
    except BaseException:
        draft.unlink()
        raise
    return draft


def _keep(path: Path) -> str:
    """A copy that neither Ansible nor xCAT reads."""
    kept = path.with_name(f"{path.name}.{time.strftime('%Y%m%d-%H%M%S')}.{os.getpid()}~")
    shutil.copy2(path, kept)
    return str(kept)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
