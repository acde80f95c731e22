# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Settings of all unit tests."""

from __future__ import annotations

import gc
import sys

from ansible_collections.virtmap.core.tests.lab.module_starter import close_starters

try:
    import hypothesis
except ImportError:
    # The tests that need it import it themselves and say so.
    pass
else:
    # The same examples in every run, and no limit of time: a busy machine is no failure. The oldest Python gets the first
    # of them, because what it may have of its own has nothing to do with values.
    many = 60 if sys.version_info >= (3, 10) else 15
    hypothesis.settings.register_profile("virtmap", deadline=None, derandomize=True, max_examples=many, database=None)
    hypothesis.settings.load_profile("virtmap")


def pytest_collection_finish() -> None:
    """Spare the search for garbage the thousands of tests and all modules, which stay to the end."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Wait for what starts modules, which a worker of pytest-xdist may leave behind when it is ended."""
    close_starters()
