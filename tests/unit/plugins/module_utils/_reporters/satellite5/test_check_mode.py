# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Check mode reads only and foresees what a run does; the diff shows which guests appear, go and change state."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Denied
from ansible_collections.virtmap.core.tests.servers.satellite5 import Satellite5Server
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.satellite5.reports import (
    UUID,
    UUID_2,
    Reporter,
    groups,
    guest,
    mapping,
)

STORED = UUID.replace("-", "")
STORED_2 = UUID_2.replace("-", "")
READING = {
    "auth.login",
    "auth.logout",
    "user.getDetails",
    "channel.software.getDetails",
    "distchannel.listMapsForOrg",
    "system.getId",
    "system.listVirtualGuests",
}


def foreseen(reporter: Reporter, *mappings: dict[str, object]) -> None:
    """Check mode says what the run then does, reads only, and leaves everything as it was."""
    server = reporter.server
    before, files = server.state(), sorted(reporter.folder.rglob("*"))
    checked = reporter(*mappings, check_mode=True, diff=True)
    assert set(reporter.calls) <= READING
    assert "auth.login" in reporter.calls
    assert {**server.state(), "calls": 0} == {**before, "calls": 0}
    assert sorted(reporter.folder.rglob("*")) == files
    assert checked == reporter(*mappings, diff=True)


def test_check_mode_foresees(reporter: Reporter, server: Satellite5Server) -> None:
    foreseen(reporter, mapping(h1=[guest()], h2=[]))
    foreseen(reporter, mapping(h1=[guest()], h2=[]))
    foreseen(reporter, mapping(h1=[guest(state="paused"), guest(UUID_2)], h2=[], h3=[guest()]))
    reporter.file("h1").unlink()
    foreseen(reporter, mapping(h1=[guest()], h2=None))
    server.database.maps.clear()
    foreseen(reporter, mapping(h4=[guest()]))


def test_check_mode_finds_a_wrong_password(reporter: Reporter) -> None:
    with pytest.raises(Denied, match="refused the user name or password"):
        reporter(mapping(h1=[]), check_mode=True, password="wrong-one")


def test_the_diff_of_a_new_hypervisor(reporter: Reporter) -> None:
    result = reporter(mapping(h1=[guest(), guest(UUID_2, "shut_off")]), diff=True)
    assert result["diff"] == [
        {
            "before_header": "esx hypervisor h1 (not registered)",
            "after_header": "esx hypervisor h1",
            "before": "",
            "after": f"{STORED} running\n{STORED_2} shutoff\n",
        }
    ]


def test_the_diff_of_guests_that_appear_go_and_change(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest(), guest(UUID_2, "shut_off")], h2=[guest("AB")]))
    third = UUID[:-1] + "4"
    result = reporter(mapping(h1=[guest(state="paused"), guest(third)], h2=[guest("AB")]), diff=True)
    assert [(entry["before"], entry["after"]) for entry in result["diff"]] == [
        (
            f"{STORED} running\n{STORED_2} shutoff\n",
            f"{STORED} paused\n{third.replace('-', '')} running\n",
        )
    ]


def test_the_diff_shows_no_state_that_is_not_known(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest(), guest(UUID_2)]))
    reporter.file("h1").unlink()
    result = reporter(mapping(h1=[guest(state="paused")]), diff=True)
    assert groups(result) == {"recovered": ["h1"], "notified": ["h1"]}
    (entry,) = result["diff"]
    assert (entry["before"], entry["after"]) == (f"{STORED} paused\n{STORED_2}\n", f"{STORED} paused\n")


def test_without_diff_nothing_is_asked_for_it(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest()]))
    reporter.file("h1").unlink()
    result = reporter(mapping(h1=[guest()]))
    assert "system.listVirtualGuests" not in reporter.calls
    assert "diff" not in result


def test_a_diff_is_text_of_strangers(reporter: Reporter) -> None:
    (entry,) = reporter(mapping(**{"h\x1b[31m\n1": [guest()]}), diff=True)["diff"]
    assert entry["after_header"] == "esx hypervisor h?[31m\\n1"
