# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A deadline for calls that offer none. Private to this collection."""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect

T = t.TypeVar("T")


def call_with_deadline(call: t.Callable[[], T], seconds: float, message: str) -> T:
    """Run a blocking call of a C library, but wait for it only so long.

    The call runs in a daemon thread. One that never returns stays behind in it, which does not keep the process from
    ending.

    Args:
        call: what to run; its exception is raised here.
        message: the sentence for the user when time is up.

    Raises:
        CannotConnect: the call did not return in time.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as exc:  # noqa: BLE001 - handed to the caller's thread
            errors.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise CannotConnect(message)
    return results[0]
