# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.lab import background

# Gets ready with its process, and ends a child of its own before itself.
GOOD = """
import json, os, pathlib, signal, subprocess, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
child = subprocess.Popen(["sleep", "300"])
draft = pathlib.Path(sys.argv[1], "draft")
draft.write_text(json.dumps({"pid": os.getpid(), "child": child.pid}))
draft.replace(pathlib.Path(sys.argv[1], "ready.json"))
signal.sigwait({signal.SIGTERM})
child.kill()
child.wait()
"""


def test_what_is_stopped_has_ended_with_all_that_it_started() -> None:
    told, folder = background.start([sys.executable, "-c", GOOD, "{folder}"], 60)
    processes = [told["pid"], told["child"]]
    assert all(map(background.runs, processes))
    background.stop(folder)
    assert not any(map(background.runs, processes))
    assert not folder.exists()


@pytest.mark.parametrize(
    ("code", "words", "seconds"),
    [
        ("import sys; sys.exit('the port is taken')", "the port is taken", 60),
        ("import time; time.sleep(300)", "it says nothing", 0.2),
    ],
)
def test_what_does_not_get_ready_is_told_and_leaves_nothing(code: str, words: str, seconds: float) -> None:
    with pytest.raises(RuntimeError, match=f"did not get ready: {words}") as caught:
        background.start([sys.executable, "-c", code, "{folder}"], seconds)
    (folder,) = [word for word in str(caught.value).split() if word.startswith("/tmp/lab-")]
    assert not Path(folder).exists()
