# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A guest agent that speaks the oVirt guest agent's protocol; Python 3 and its standard library only."""
