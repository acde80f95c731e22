# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend libvirt. Private to this collection."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.options import TIMEOUT, OptionGroup, from_environment

OPTIONS = (
    OptionGroup(
        {
            "uri": {"type": "str", "default": "qemu:///system"},
            "username": from_environment("LIBVIRT_USERNAME", type="str"),
            "password": from_environment("LIBVIRT_PASSWORD", type="str", no_log=True),
        },
        required_together=(("username", "password"),),
    )
    + TIMEOUT
)
