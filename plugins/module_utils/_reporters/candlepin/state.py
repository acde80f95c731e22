# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A file that remembers what the server accepted last. Private to this collection.

It saves work and decides nothing else: without it, or with one that is of no use, everything is reported. Before a
report is sent the file is made to remember nothing, so that a run that is killed leaves no untruth behind.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput

Warn = t.Callable[[str], None]
_VERSION = 1


def check_state_path(path: str) -> Path:
    """Make sure that the file can be written when the time comes.

    Raises:
        InvalidInput: its folder is missing or not writable.
    """
    found = Path(path)
    if found.is_dir() or not found.parent.is_dir() or not os.access(found.parent, os.W_OK | os.X_OK):
        raise InvalidInput(f"state_path {path} cannot be written: give a file in a folder that this user may write")
    return found


@dataclass
class StateFile:
    """The file of one reporter, server and owner.

    Args:
        path: where it is; its folder exists.
        receiver: what was reported to, so that a file for another one is not believed.
        max_age: seconds for which it is believed.
    """

    path: Path
    receiver: dict[str, str]
    max_age: float
    _token: str = ""

    def load(self, warn: Warn) -> dict[str, str]:
        """What was accepted last: hypervisor ids with their digests; empty when nothing is known."""
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as exc:
            warn(f"state_path {self.path} cannot be read and is not used, all is reported: {exc}")
            return {}
        accepted = document.get("hypervisors") if isinstance(document, dict) else None
        moment = document.get("accepted_at") if isinstance(document, dict) else None
        if isinstance(document, dict) and "pending" in document:
            return {}  # another run has not ended, or was killed
        if (
            not isinstance(accepted, dict)
            or not isinstance(moment, (int, float))
            or not all(isinstance(digest, str) for digest in accepted.values())
            or document.get("version") != _VERSION
        ):
            warn(f"state_path {self.path} is not a file of this module and is not used, all is reported")
            return {}
        if document.get("receiver") != self.receiver:
            warn(f"state_path {self.path} is about another server, owner or reporter_id; give each its own file")
            return {}
        # A clock that was set back makes no file younger than it is.
        if not 0 <= time.time() - moment <= self.max_age:
            return {}
        return accepted

    def begin(self) -> None:
        """Remember nothing while a report is on its way.

        Raises:
            InvalidInput: the file cannot be written; what it says would be believed of a report that came to nothing.
        """
        self._token = secrets.token_hex(16)
        try:
            self._write({"version": _VERSION, "pending": self._token})
        except OSError as exc:
            raise InvalidInput(
                f"state_path {self.path} cannot be written ({exc.strerror}), and nothing was reported; make room, or "
                "leave state_path out"
            ) from exc

    def commit(self, digests: dict[str, str], warn: Warn) -> None:
        """Remember what was accepted, unless another run has begun meanwhile."""
        try:
            pending = json.loads(self.path.read_text(encoding="utf-8")).get("pending")
            if pending == self._token:
                self._write(
                    {
                        "version": _VERSION,
                        "receiver": self.receiver,
                        "accepted_at": int(time.time()),
                        "hypervisors": digests,
                    }
                )
        except (OSError, ValueError, AttributeError) as exc:
            warn(f"state_path {self.path} was not written, so that the next run reports all again: {exc}")

    def _write(self, document: dict[str, t.Any]) -> None:
        """Replace the file as a whole; nobody else may read it."""
        handle, draft = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.path)
        except BaseException:
            os.unlink(draft)
            raise
