# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core import errors

FAMILY = ("InvalidInput", "CannotConnect", "Denied", "NotFound", "Partial", "BadAnswer")


@pytest.mark.parametrize("name", FAMILY)
def test_each_carries_its_sentence_and_what_was_done(name: str) -> None:
    kind = getattr(errors, name)
    error = kind("the server said no", {"changed": True})
    assert isinstance(error, errors.VirtmapError)
    assert (str(error), error.message, error.result) == ("the server said no", "the server said no", {"changed": True})
    assert kind("x").result == {}


def test_results_are_not_shared() -> None:
    first, second = errors.Denied("a"), errors.Denied("b")
    first.result["x"] = 1
    assert second.result == {}


def test_a_missing_library_says_which() -> None:
    error = errors.MissingLibrary("urllib3", "to reach it", "Traceback")
    assert str(error) == "the Python library urllib3 is not installed"
    assert (error.library, error.reason, error.traceback) == ("urllib3", "to reach it", "Traceback")


def test_a_missing_system_library_says_which_package_brings_it() -> None:
    error = errors.MissingSystemLibrary("libvirt-admin.so.0", "libvirt-clients", "it is not installed")
    assert str(error) == error.message
    assert "libvirt-admin.so.0 cannot be used on this host: it is not installed" in error.message
    assert error.message.endswith("It comes with the package libvirt-clients")


def test_the_kinds_are_siblings() -> None:
    """Whoever catches one must not get another."""
    kinds = [getattr(errors, name) for name in FAMILY]
    for kind in kinds:
        assert [other for other in kinds if issubclass(kind, other)] == [kind]
