# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""System ids and what was last accepted under them, one file for each hypervisor. Private to this collection.

A system id is a secret: whoever holds it can report for that hypervisor. Files have mode 0600, their folder 0700, and
each is replaced as a whole.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import tempfile
import time
import typing as t
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import utc_now
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.old_pickles import read_system_id
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.plan import Plan
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server

FORMAT = 1
_LONGEST_FILE_NAME = 200
_LOCK_PAUSE = 0.2


@dataclass
class Accepted:
    """The last plan that the server is known to have taken.

    Attributes:
        digest: of the plan.
        at: when, as UTC.
        states: the state word of each guest by its uuid.
    """

    digest: str
    at: str
    states: dict[str, str]

    @classmethod
    def now(cls, plan: Plan) -> Accepted:
        """The plan was accepted at this moment."""
        return cls(plan.digest, utc_now(), plan.states)


@dataclass
class Record:
    """What is kept for one hypervisor.

    Attributes:
        system_id: the certificate, opaque.
        accepted: None when nothing was accepted under this system id, or it is not known what.
    """

    hypervisor: str
    system_id: str
    accepted: Accepted | None = None


class Store:
    """The folder of one server below ``systemid_dir``.

    Args:
        folder: the option ``systemid_dir``; virt-who's own files are looked for in it.
    """

    def __init__(self, folder: str, server: Server, warn: t.Callable[[str], None]) -> None:
        self._old_folder = Path(folder)
        self._folder = self._old_folder / quote(f"{server.host.lower()}_{server.port}", safe="")
        self._warn = warn

    def prepare(self) -> None:
        """Make the folder, and make sure that a registration could be saved in it.

        Raises:
            InvalidInput: the folder cannot be made or written to.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder):
                pass
        except OSError as exc:
            raise InvalidInput(
                f"systemid_dir {self._old_folder} cannot be written to ({exc.strerror}), so that system ids would be "
                "lost; give a folder that this user may write to"
            ) from exc

    def load(self, hypervisor_id: str) -> Record | None:
        """What is kept for a hypervisor, by us or else by virt-who; None when there is nothing that can be used.

        Raises:
            InvalidInput: there is something, but it cannot be read.
        """
        data = self._read(self._path(hypervisor_id))
        if data is not None:
            try:
                return _record(hypervisor_id, data)
            except ValueError as exc:
                self._warn(f"the file {self._path(hypervisor_id)} cannot be used: {shown(exc)}")
        return self._load_old(hypervisor_id)

    def save(self, record: Record) -> None:
        """Keep a record, in place of what was there.

        Raises:
            InvalidInput: it cannot be written.
        """
        text = json.dumps({"format": FORMAT, **asdict(record)}, indent=1, sort_keys=True)
        path = self._path(record.hypervisor)
        try:
            # Created with mode 0600.
            handle, draft = tempfile.mkstemp(prefix=".new-", dir=self._folder)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    stream.write(text + "\n")
                    stream.flush()
                    os.fsync(stream.fileno())
                os.replace(draft, path)
            except BaseException:
                os.unlink(draft)
                raise
        except OSError as exc:
            raise InvalidInput(
                f"the system id cannot be saved as {path} ({exc.strerror}); make room or give rights"
            ) from exc

    @contextlib.contextmanager
    def registering(self, hypervisor_id: str, seconds: float) -> t.Iterator[None]:
        """Let only one task of this machine at a time get a system id for a hypervisor.

        Args:
            seconds: how long to wait for another task.

        Raises:
            CannotConnect: it takes longer.
        """
        until = time.monotonic() + seconds
        handle = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # One byte of one file for each hypervisor, so that tasks with other hypervisors need not wait.
            while not _locked(handle, int(_digest(hypervisor_id.lower())[:7], 16)):
                if time.monotonic() > until:
                    raise CannotConnect(
                        f"another task has been registering this hypervisor for more than {seconds:g} seconds; run "
                        "this one again when that has ended"
                    )
                time.sleep(_LOCK_PAUSE)
            yield
        finally:
            os.close(handle)

    def _path(self, hypervisor_id: str) -> Path:
        # Ids are chosen by others: escaped, no id leaves the folder. Case does not count in them.
        name = quote(hypervisor_id.lower(), safe="", errors="surrogatepass")
        if len(name) > _LONGEST_FILE_NAME:
            name = f"{name[:_LONGEST_FILE_NAME]}~{_digest(name)[:16]}"
        return self._folder / f"{name}.json"

    def _load_old(self, hypervisor_id: str) -> Record | None:
        name = f"hypervisor-systemid-{hypervisor_id}"
        if "/" in name or "\0" in name:
            return None
        path = self._old_folder / name
        data = self._read(path)
        if data is None:
            return None
        try:
            return Record(hypervisor_id, read_system_id(data))
        except ValueError as exc:
            self._warn(f"virt-who's file {shown(path)} cannot be used: {shown(exc)}")
            return None

    @staticmethod
    def _read(path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            if exc.errno == errno.ENAMETOOLONG:
                return None
            raise InvalidInput(f"the system id in {shown(path)} cannot be read ({exc.strerror})") from exc


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _locked(handle: int, place: int) -> bool:
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except (BlockingIOError, PermissionError):
        return False  # POSIX leaves it open which of the two it is
    return True


def _record(hypervisor_id: str, data: bytes) -> Record:
    """A record as it was saved.

    Raises:
        ValueError: it is damaged.
    """
    content = json.loads(data)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"it is not in format {FORMAT}")
    system_id, accepted = content.get("system_id"), content.get("accepted")
    if not isinstance(system_id, str) or not system_id:
        raise ValueError("it holds no system id")
    if accepted is not None:
        try:
            accepted = Accepted(str(accepted["digest"]), str(accepted["at"]), dict(accepted["states"]))
        except (TypeError, KeyError) as exc:
            raise ValueError("what it says about the last report is damaged") from exc
    return Record(hypervisor_id, system_id, accepted)
