# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A module that returns the options it got; test_options compares them with what a plugin gets."""

from __future__ import annotations

from ansible_collections.virtmap.core.plugins.module_utils._core.module import _Module
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._core.test_options import GROUP


def main() -> None:
    """Return the options, secrets readable: ansible-core would hide them."""
    module = _Module(GROUP)
    module.no_log_values.clear()
    module.exit_json(seen=module.params)


if __name__ == "__main__":
    main()
