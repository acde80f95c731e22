# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Making remote text inert for Ansible. Private to this collection.

Names of guests and hosts are chosen by others. Before ansible-core 2.19 every string in a variable is a template that
is evaluated when it is read,
unless it is marked unsafe; since 2.19 only strings marked as trusted are templates, so nothing has to be done there.
"""

from __future__ import annotations

import typing as t

try:
    from ansible.template import trust_as_template  # noqa: F401 - its presence tells that text is inert by default
except ImportError:
    from ansible.utils.unsafe_proxy import wrap_var

    TEXT_IS_INERT = False
else:
    TEXT_IS_INERT = True


def inert(value: t.Any) -> t.Any:
    """The same value, whose texts (also within lists and dictionaries) are never evaluated as templates."""
    return value if TEXT_IS_INERT else wrap_var(value)
