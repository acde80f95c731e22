# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What every reporter asks of the mappings that it is given. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mappings
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown


def whole_mappings(options: t.Mapping[str, t.Any]) -> list[Mapping]:
    """The mappings of the option ``mappings``.

    Args:
        options: with ``mappings``, and with ``allow_empty``: whether a mapping without any hypervisor is right.

    Raises:
        InvalidInput: one is not whole, or is empty without ``allow_empty``; the text names it and its source.
    """
    mappings = parse_mappings(options["mappings"])
    for index, mapping in enumerate(mappings):
        if not mapping.hypervisors and not options["allow_empty"]:
            raise InvalidInput(
                f"mappings[{index}] of {shown(mapping.source)} holds no hypervisor; an empty answer is mostly a failure "
                "of the source. Set allow_empty to true if it is right"
            )
    return mappings
