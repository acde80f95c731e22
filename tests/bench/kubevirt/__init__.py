# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The sides that bench_kubevirt.py compares, each in a process of its own."""

from __future__ import annotations

TOKEN = "token-of-virtmap"
