# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Log filters and outputs."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon import log_settings


@pytest.mark.parametrize("text", ["1:qemu", "1:*qemu*", "1:**qemu**", "1:+qemu", "1:*qemu"])
def test_all_forms_of_a_filter_are_one(text: str) -> None:
    assert log_settings.normal_filter(text) == "1:qemu"


@pytest.mark.parametrize("text", ["1:*", "1:***", "1:**"])
def test_the_filter_that_matches_all_is_kept_apart(text: str) -> None:
    assert log_settings.normal_filter(text) == "1:*"


def test_order_and_repetition_are_kept() -> None:
    assert log_settings.normal_filters(["4:*rpc*", "1:util", "4:rpc"]) == ["4:rpc", "1:util", "4:rpc"]


def test_the_last_level_of_a_destination_counts() -> None:
    assert log_settings.normal_outputs(["2:file:/x", "3:stderr", "1:file:/x"]) == ["1:file:/x", "3:stderr"]


@pytest.mark.parametrize(
    "item", ["foo", "9:foo", "0:foo", "1:", "1:+", "1:a,1:b", "1:a b", "1:a\tb", '1:a"b', ":a", " 1:a"]
)
def test_a_filter_that_a_daemon_would_misread_is_refused(item: str) -> None:
    with pytest.raises(InvalidInput, match="filters: "):
        log_settings.checked_filters(["1:good", item])


@pytest.mark.parametrize(
    "item",
    [
        "7:stderr",
        "2:bogus",
        "2:file:",
        "2:file:x.log",
        "2:file:../x.log",
        "2:file:/x/",
        "2:file:/a b",
        "2:syslog",
        "2:syslog:",
        "stderr",
        "2:stderr:x",
        "2:journald 3:stderr",
    ],
)
def test_an_output_that_a_daemon_would_misread_is_refused(item: str) -> None:
    with pytest.raises(InvalidInput, match="outputs: "):
        log_settings.checked_outputs([item])


def test_good_ones_pass() -> None:
    outputs = ["1:file:/var/log/libvirt/a:b.log", "2:syslog:libvirtd", "3:journald", "4:stderr"]
    assert log_settings.checked_outputs(outputs) == outputs
    assert log_settings.checked_filters(["1:qemu.qemu_monitor", "4:+rpc"]) == ["1:qemu.qemu_monitor", "4:rpc"]


def test_a_level_is_a_last_filter_that_matches_all() -> None:
    assert log_settings.with_level(["3:rpc", "1:*", "4:*util*"], "debug") == ["3:rpc", "4:util", "1:*"]
    assert log_settings.with_level([], "error") == ["4:*"]


@pytest.mark.parametrize(
    ("outputs", "builtin"),
    [
        (["3:stderr"], True),
        (["1:journald"], True),
        ([], False),
        (["3:stderr", "3:journald"], False),
        (["2:file:/x"], False),
        (["2:syslog:stderr"], False),
    ],
)
def test_what_looks_like_the_builtin_output(outputs: list[str], builtin: bool) -> None:
    assert log_settings.is_builtin_output(outputs) is builtin
