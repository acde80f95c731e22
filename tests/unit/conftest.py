# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Settings of all unit tests."""

from __future__ import annotations

try:
    import hypothesis
except ImportError:
    # The tests that need it import it themselves and say so.
    pass
else:
    # The same examples in every run, and no limit of time: a busy machine is no failure.
    hypothesis.settings.register_profile("virtmap", deadline=None, derandomize=True, max_examples=60, database=None)
    hypothesis.settings.load_profile("virtmap")
