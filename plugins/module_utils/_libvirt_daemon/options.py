# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options that the modules for libvirt daemons share. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.options import TIMEOUT, OptionGroup, Spec

CONNECTION = (
    OptionGroup({"uri": {"type": "str", "default": "libvirtd:///system"}, "daemon_server": {"type": "str"}}) + TIMEOUT
)
PERSIST = OptionGroup({"persist": {"type": "bool", "default": False}, "config_file": {"type": "path"}})

CLIENT_CRITERIA: Spec = {
    "id": {"type": "list", "elements": "int"},
    "transport": {"type": "list", "elements": "str", "choices": ["unix", "tcp", "tls"]},
    "user": {"type": "list", "elements": "str"},
    "uid": {"type": "list", "elements": "int"},
    "pid": {"type": "list", "elements": "int"},
    "address": {"type": "list", "elements": "str"},
    "sasl_user": {"type": "list", "elements": "str"},
    "x509_dn": {"type": "list", "elements": "str"},
    "read_only": {"type": "bool"},
    "unauthenticated": {"type": "bool"},
    "older_than": {"type": "int"},
}
CLIENTS = OptionGroup(
    {**CLIENT_CRITERIA, "exclude": {"type": "list", "elements": "dict", "options": CLIENT_CRITERIA, "default": []}}
)


def numbers(*names: str) -> OptionGroup:
    """Options that are numbers, at least one of which is to be given."""
    return OptionGroup({name: {"type": "int"} for name in names}, required_one_of=(names,))


def given(options: t.Mapping[str, t.Any], names: t.Iterable[str]) -> dict[str, int]:
    """The options of these names that the user gave."""
    return {name: options[name] for name in names if options[name] is not None}
