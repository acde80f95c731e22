# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Charts as inline SVG, readable without colours and by screen readers. Private to this collection."""

from __future__ import annotations

import typing as t
from html import escape

from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

ROW, LABEL, WIDTH, ROOM = 26, 180, 420, 70


def bars(title: str, figures: t.Mapping[str, int]) -> str:
    """A chart of horizontal bars, each with its figure."""
    most = max(figures.values(), default=1) or 1
    rows = []
    for number, (name, value) in enumerate(figures.items()):
        y = number * ROW
        width = max(1, round(value / most * (WIDTH - ROOM)))
        rows.append(
            f'<text x="{LABEL - 8}" y="{y + 17}" text-anchor="end">{escape(shown(name, 22))}</text>'
            f'<rect x="{LABEL}" y="{y + 4}" width="{width}" height="{ROW - 8}" rx="3"/>'
            f'<text x="{LABEL + width + 6}" y="{y + 17}">{value}</text>'
        )
    told = ", ".join(f"{shown(name, 60)}: {value}" for name, value in figures.items()) or "nothing to show"
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {LABEL + WIDTH} {max(1, len(rows)) * ROW}" '
        f'role="img" aria-label="{escape(f"{title}. {told}")}">{"".join(rows)}</svg></figure>'
    )
