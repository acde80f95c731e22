# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Programs of the administrator that run before and after a migration or a hibernation."""

from __future__ import annotations

import logging
import os
import subprocess

_log = logging.getLogger("hooks")
EVENTS = ("before_migration", "after_migration", "before_hibernation", "after_hibernation")
# The host waits 10 seconds for all of them together and then goes on; later ones are still run.
PROGRAM_SECONDS = 60


def run_hooks(folder: str, event: str) -> None:
    """Run every program in the folder of an event, by name, without arguments; a missing folder means none."""
    place = os.path.join(folder, event)
    try:
        names = sorted(os.listdir(place))
    except FileNotFoundError:
        return
    except OSError as exc:
        _log.warning("the hooks in %s cannot be run: %s", place, exc.strerror)
        return
    for name in names:
        path = os.path.join(place, name)
        try:
            done = subprocess.run([path], stdin=subprocess.DEVNULL, timeout=PROGRAM_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as exc:
            _log.warning("the hook %s failed: %s", path, exc)
            continue
        if done.returncode:
            _log.warning("the hook %s failed: it ended with %d", path, done.returncode)
