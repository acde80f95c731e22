# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._transport.deadline import call_with_deadline


def test_the_result() -> None:
    assert call_with_deadline(lambda: 42, 10, "late") == 42
    assert call_with_deadline(lambda: None, 10, "late") is None


def test_the_exception_is_that_of_the_call() -> None:
    with pytest.raises(ZeroDivisionError):
        call_with_deadline(lambda: 1 // 0, 10, "late")


def test_a_call_that_does_not_return() -> None:
    release = threading.Event()
    began = time.monotonic()
    try:
        with pytest.raises(CannotConnect, match="^the daemon did not answer$"):
            call_with_deadline(lambda: release.wait(60), 0.2, "the daemon did not answer")
        assert time.monotonic() - began < 10
    finally:
        release.set()


def test_a_call_that_never_returns_does_not_keep_the_process() -> None:
    code = (
        "import threading\n"
        "from ansible_collections.virtmap.core.plugins.module_utils._transport.deadline import call_with_deadline\n"
        "try: call_with_deadline(threading.Event().wait, 0.1, 'late')\n"
        "except Exception as exc: print(exc)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "late\n"
