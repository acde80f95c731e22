# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Real parts, started privately for tests: own folders, own sockets, nothing of the machine's own services touched.

Like the loopback servers beside it, each part runs by hand with ``python -m tests.lab.<name>`` and is imported as
``ansible_collections.virtmap.core.tests.lab.<name>``; for both to work everything in here imports relatively.
"""
