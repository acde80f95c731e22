# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""An in-memory Candlepin in a process of its own, so that its work is not counted as the client's."""

from __future__ import annotations

import contextlib
import sys
import typing as t

from ..lab import background

STARTS_WITHIN = 30.0


@contextlib.contextmanager
def candlepin() -> t.Iterator[dict[str, t.Any]]:
    """Start one with the organization acme and the user bench (password bench); yields url, prefix, ca_path."""
    command = [sys.executable, "-m", "tests.servers.candlepin", "--owner", "acme", "--user", "bench:bench"]
    command += ["--tls-dir", "{folder}/tls", "--port-file", "{folder}/ready.json"]
    started = background.start(command, STARTS_WITHIN)
    try:
        yield started.told
    finally:
        background.stop(started.folder)
