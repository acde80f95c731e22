# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The sides that bench_xenserver.py compares, each in a process of its own."""
