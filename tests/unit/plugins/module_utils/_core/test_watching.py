# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Following a source: what is begun anew, how often, and what the user hears of it."""

from __future__ import annotations

import threading
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core import watching
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping

MAPPING = Mapping("file", "x", "2026-11-21T08:00:00Z", [])


class Clock:
    """Time that passes only when somebody waits; also the event that stops."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self.stopped = False

    def is_set(self) -> bool:
        return self.stopped

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return self.stopped

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watching.time, "monotonic", clock.monotonic)
    return clock


def sessions(*each: t.Sequence[t.Any], clock: Clock | None = None) -> watching.Session:
    """Sessions one after the other: each yields its mappings, waits its seconds, raises its error."""
    left = iter(each)

    def session(told: watching.ToldOnce) -> t.Generator[Mapping, None, None]:
        steps = next(left, None)
        assert steps is not None, "there was one session more than expected"
        for step in steps:
            if isinstance(step, VirtmapError):
                raise step
            if isinstance(step, str):
                with told.round():
                    told(step)
            elif isinstance(step, float) and clock is not None:
                clock.now += step
            else:
                yield step

    return session


def following(session: watching.Session, clock: Clock, warn: t.Callable[[str], None] = print) -> t.Iterator[Mapping]:
    return watching.follow(session, warn, t.cast(threading.Event, clock))


def test_it_is_begun_anew_ever_more_slowly(clock: Clock) -> None:
    lost = CannotConnect("lost")
    warnings: list[str] = []
    session = sessions([MAPPING, lost], *[[lost]] * 8, [MAPPING, Denied("no")])
    with pytest.raises(Denied):
        list(following(session, clock, warnings.append))
    assert clock.waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert warnings[0] == "lost; reading all of it again in 1 second"
    assert warnings[-1] == "lost; reading all of it again in 60 seconds"


def test_after_a_long_time_in_order_it_is_quick_again(clock: Clock) -> None:
    lost = BadAnswer("lost")
    session = sessions([MAPPING, lost], [lost], [MAPPING, 61.0, lost], [Denied("no")], clock=clock)
    with pytest.raises(Denied):
        list(following(session, clock))
    assert clock.waits == [1, 2, 1]


def test_one_that_is_lost_again_and_again_is_not_read_again_at_once(clock: Clock) -> None:
    session = sessions(*[[MAPPING, CannotConnect("lost")]] * 4, [Denied("no")])
    with pytest.raises(Denied):
        list(following(session, clock))
    assert clock.waits == [1, 2, 4, 8]


@pytest.mark.parametrize("error", [CannotConnect("no"), BadAnswer("no"), Denied("no")])
def test_the_first_reading_is_not_tried_again(clock: Clock, error: VirtmapError) -> None:
    with pytest.raises(error.__class__):
        list(following(sessions([error]), clock))
    assert clock.waits == []


def test_told_to_stop_while_it_is_lost_it_ends_without_a_word(clock: Clock) -> None:
    warnings: list[str] = []
    mappings = following(sessions([MAPPING, CannotConnect("lost")]), clock, warnings.append)
    assert next(mappings) is MAPPING
    clock.stopped = True
    assert list(mappings) == []
    assert warnings == []


def test_what_goes_on_is_told_once_also_over_a_loss(clock: Clock) -> None:
    warnings: list[str] = []
    session = sessions(
        ["a", MAPPING, "a", MAPPING, CannotConnect("lost")],
        ["a", MAPPING, "b", MAPPING, "a", MAPPING, Denied("no")],
    )
    with pytest.raises(Denied):
        list(following(session, clock, warnings.append))
    assert [warning for warning in warnings if len(warning) == 1] == ["a", "b", "a"]


def test_giving_up_closes_the_session(clock: Clock) -> None:
    closed: list[bool] = []

    def session(_told: watching.ToldOnce) -> t.Generator[Mapping, None, None]:
        try:
            while True:
                yield MAPPING
        finally:
            closed.append(True)

    mappings = following(session, clock)
    next(mappings)
    mappings.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_what_is_about_no_mapping_is_told_once(clock: Clock) -> None:
    warnings: list[str] = []

    def session(told: watching.ToldOnce) -> t.Generator[Mapping, None, None]:
        told("unencrypted")
        for _number in range(2):
            with told.round():
                told("a")
            yield MAPPING
        raise CannotConnect("lost") if clock.now < 4 else Denied("no")

    with pytest.raises(Denied):
        list(following(session, clock, warnings.append))
    assert [warning for warning in warnings if "lost" not in warning] == ["unencrypted", "a"]


def test_what_waits_is_ended_until_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "END_EVERY", 0.01)
    stop, told, ended = threading.Event(), threading.Semaphore(0), threading.Event()
    with watching.ended_by(stop, told.release):
        stop.set()
        for _number in range(3):
            assert told.acquire(timeout=30)
    with watching.ended_by(threading.Event(), ended.set):
        stop.set()
    assert not ended.is_set()
