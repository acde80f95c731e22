# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The options of the event source. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup
from ansible_collections.virtmap.core.plugins.module_utils._events.tracker import Patience
from ansible_collections.virtmap.core.plugins.plugin_utils._following import Following, Settings
from ansible_collections.virtmap.core.plugins.plugin_utils._sources import Source, read_source

OPTIONS = OptionGroup(
    {
        "sources": {"type": "list", "elements": "dict"},
        "defaults": {"type": "dict", "default": {}, "no_log": True},
        "initial": {"type": "bool", "default": True},
        "native": {"type": "bool", "default": True},
        "interval": {"type": "float", "default": 60.0},
        "settle": {"type": "float", "default": 0.5},
        "limit": {"type": "float", "default": 10.0},
        "silent_after": {"type": "float", "default": 300.0},
        "conflict_after": {"type": "float", "default": 60.0},
        "repeat": {"type": "float", "default": 0.0},
    }
)
# The smallest value of each; a source that is asked without a pause would do nothing else.
LEAST = {"interval": 1.0, "settle": 0.0, "limit": 0.0, "silent_after": 0.0, "conflict_after": 0.0, "repeat": 0.0}
# What ansible-rulebook adds by itself.
NOT_OURS = ("eda_feedback_queue",)
WHERE = "virtmap.core.hypervisor_guests"


def following_for(args: t.Mapping[str, t.Any]) -> Following:
    """What follows the sources that the options name.

    Args:
        args: the options as the rulebook has them.

    Raises:
        InvalidInput: an option is wrong. Nothing is contacted.
    """
    given = {name: value for name, value in args.items() if name not in NOT_OURS}
    own = OPTIONS.validate({name: value for name, value in given.items() if name in OPTIONS.spec}, WHERE)
    for name, least in LEAST.items():
        # A number that is none compares false with everything.
        if not own[name] >= least:
            raise InvalidInput(f"{WHERE}: {name} is {own[name]:g}, but must be at least {least:g} seconds")
    patience = Patience(
        limit=own["limit"], silent=own["silent_after"], conflict=own["conflict_after"], repeat=own["repeat"]
    )
    settings = Settings(
        interval=own["interval"],
        settle=own["settle"],
        initial=own["initial"],
        native=own["native"],
        patience=patience,
    )
    single = {name: value for name, value in given.items() if name not in OPTIONS.spec}
    return Following(_sources(own["sources"], single, own["defaults"]), settings)


def _sources(several: list[t.Any] | None, single: dict[str, t.Any], defaults: dict[str, t.Any]) -> list[Source]:
    if several is not None and single:
        raise InvalidInput(
            f"{WHERE}: {', '.join(sorted(single))} stands beside sources; give either sources, or backend with its options"
        )
    if several is None and "backend" not in single:
        raise InvalidInput(f"{WHERE}: nothing to follow; give backend with its options, or sources")
    if several == []:
        raise InvalidInput(f"{WHERE}: sources is empty, so there is nothing to follow")
    if several is None:
        return [read_source(single, WHERE, defaults)]
    return [read_source(value, f"{WHERE}: sources[{index}]", defaults) for index, value in enumerate(several)]
