# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Making remote text inert for Ansible. Private to this collection.

Names of guests and hosts are chosen by others. Before ansible-core 2.19 every string in a variable is a template that
is evaluated when it is read, unless it is marked unsafe; since 2.19 only strings marked as trusted are templates, so
nothing has to be done there.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t

from ansible import template as ansible_template
from ansible.utils.unsafe_proxy import wrap_var

_PLAIN = re.compile(r"[\w ./:@+-]*", re.ASCII)
# A core that asks for trust takes all other text as it is.
TEXT_IS_INERT = hasattr(ansible_template, "trust_as_template")


def inert(value: t.Any) -> t.Any:
    """The same value, whose texts (also within lists and dictionaries) are never evaluated as templates.

    Text without a brace is no template and stays as it is: the mark shows up in JSON listings, and it costs time.
    """
    if TEXT_IS_INERT:
        return value
    if isinstance(value, str):
        return wrap_var(value) if "{" in value else value
    if isinstance(value, dict):
        return {inert(key): inert(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [inert(item) for item in value]
    return value


def template(lookup: str, arguments: dict[str, t.Any]) -> str:
    """A template that calls a lookup plugin when its value is needed; nothing in the arguments can end it or add to it.

    It has no terms: a core that does not ask for trust evaluates the terms of a lookup as templates, options never.

    Args:
        lookup: full name of the plugin.
        arguments: its options, of kinds that JSON has.
    """
    call = ", ".join([_literal(lookup), *(f"{name}={_literal(value)}" for name, value in arguments.items())])
    text = "{{ lookup(" + call + ") }}"
    return t.cast(str, ansible_template.trust_as_template(text)) if TEXT_IS_INERT else text


def _literal(value: t.Any) -> str:
    """An expression of Jinja for a text or a number. Ansible changes what escapes mean, so a text that would need one,
    or that could end the template, goes in a form that needs none."""
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        packed = base64.b64encode(value.encode("utf-8")).decode("ascii")
        return f"('{packed}' | ansible.builtin.b64decode)"
    return json.dumps(value)
