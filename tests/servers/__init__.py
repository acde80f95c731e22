# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Loopback servers for the tests: faithful on the wire, and able to misbehave on demand.

Each server is a package of this folder and runs by hand with ``python -m tests.servers.<name>`` from the
repository root. Tests import it as ``ansible_collections.virtmap.core.tests.servers.<name>``; for both to work
everything inside this folder imports relatively.
"""
