# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Mappings of any content, for tests that must hold for all of them."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    BACKENDS,
    Guest,
    GuestState,
    Hypervisor,
    Mapping,
    Skipped,
)
from hypothesis import strategies as st

# Any text, lone surrogates excepted: JSON in UTF-8 cannot hold them.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = texts.filter(lambda text: bool(text.strip()))
words = st.none() | texts
facts: t.Any = st.dictionaries(
    texts, texts | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
)
extras = st.dictionaries(st.sampled_from(["virt_who_type", "x"]), texts | st.integers(), max_size=2)
moments = st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat() + "Z")
guests = st.builds(Guest, names, words, st.sampled_from(GuestState), extras)
hypervisors = st.builds(
    Hypervisor, names, words, words, words, words, facts, st.none() | st.lists(guests, max_size=4), extras
)
skipped = st.builds(Skipped, st.sampled_from(["host", "guest"]), names, names)
mappings = st.builds(
    Mapping,
    st.sampled_from(BACKENDS),
    names,
    moments,
    st.lists(hypervisors, max_size=4),
    st.lists(skipped, max_size=2),
    st.lists(guests, max_size=2),
    extras,
)
