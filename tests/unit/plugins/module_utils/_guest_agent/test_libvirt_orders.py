# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Orders through libvirt, to guests that answer in ways that a real one shows rarely."""

from __future__ import annotations

import time

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import Failure
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent import libvirt_orders
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.domain import AGENT_UNRESPONSIVE, Port
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.options import QEMU_PORT
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.order import Order


class Domain:
    """A domain whose agent answers.

    Args:
        answer: what libvirt says to the order.
        after: seconds until it does.
        goes: seconds from then on until the guest is down.
    """

    source = "web1 at qemu:///system"

    def __init__(self, answer, after=0.0, goes=1e9):
        self.answer, self.after, self.goes = answer, after, goes
        self.down_at = None
        self.deadlines = []

    def is_running(self):
        return self.down_at is None or time.monotonic() < self.down_at

    def ports(self):
        return {QEMU_PORT: Port(QEMU_PORT, None, True)}

    def attempt(self, doing, _function, seconds=None):
        if "asking the guest agent for" not in doing:
            return {}
        self.deadlines.append(seconds)
        time.sleep(self.after)
        self.down_at = time.monotonic() + self.goes
        return self.answer


def give(domain, command, wait_timeout=5):
    order = Order(command, 0, None, None, None, True, wait_timeout, timeout=15, check_mode=False)
    try:
        return order, libvirt_orders.obeyed(order, domain)
    except (BadAnswer, CannotConnect) as exc:
        return order, exc


AWAY = Failure(AGENT_UNRESPONSIVE, 0, "Guest agent is not responding: Guest agent not available for now")


def test_libvirt_has_longer_to_see_the_guest_go_down_than_it_waits_itself():
    domain = Domain(0, goes=0)
    _order, outcome = give(domain, "shutdown")
    assert outcome.proof == "the guest does not run"
    assert domain.deadlines == [75.0]


@pytest.mark.parametrize("goes, obeyed", [(0.2, True), (60.0, False)])
def test_guest_that_takes_longer_than_libvirt_waits_is_waited_for(monkeypatch, goes, obeyed):
    monkeypatch.setattr(libvirt_orders, "LIBVIRT_LOOKS", 0.1)
    order, outcome = give(Domain(AWAY, after=0.3, goes=goes), "shutdown", wait_timeout=1)
    assert order.given
    if obeyed:
        assert outcome.proof == "the guest does not run"
    else:
        assert "but it still runs within 1 seconds" in outcome.message


def test_agent_that_is_away_was_given_no_order():
    order, failure = give(Domain(AWAY), "shutdown")
    assert "was not obeyed" in failure.message
    assert not order.given


def test_thaw_that_fails_is_a_failure_whatever_the_file_system_is_called():
    text = "unable to execute QEMU agent command 'guest-fsfreeze-thaw': failed to thaw /srv/frozen"
    order, failure = give(Domain(Failure(1, 0, text)), "fsthaw")
    assert isinstance(failure, BadAnswer)
    assert not order.given
    _order, outcome = give(Domain(Failure(1, 0, "the command is not allowed: filesystems are frozen")), "fsfreeze")
    assert outcome.changed is False
