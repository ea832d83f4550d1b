"""Lines of members that flap."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
import trio
import trio.testing

from gossipd.daemon.flaps import EventLog
from gossipd.daemon.log import configure
from gossipd.protocol import MemberDead, MemberLeft, MemberRecovered, MemberSuspect, Refuted


class Log:
    """An event log, what it wrote, and its clock.

    Attributes:
        now: what the clock shows.
    """

    def __init__(self, stream: io.StringIO) -> None:
        self.now = 100.0
        self.events = EventLog(lambda: self.now)
        self._stream = stream

    def lines(self) -> list[dict[str, Any]]:
        """Returns what was written since the last call."""
        text = self._stream.getvalue()
        self._stream.seek(0)
        self._stream.truncate()
        return [json.loads(line) for line in text.splitlines()]

    def names(self) -> list[str]:
        """Returns the events of the lines that were written since the last call."""
        return [line["event"] for line in self.lines()]

    def flap(self, times: int, *, member: str = "a:1", dead: bool = False) -> None:
        """Lets a member be suspected and recover so often, which takes a second each time."""
        for _ in range(times):
            self.events(MemberSuspect(member, "b:2"))
            if dead:
                self.events(MemberDead(member, "b:2"))
            self.now += 1
            self.events(MemberRecovered(member, "suspect"))

    def wait(self, seconds: float) -> None:
        """Lets time pass, and looks as the task does."""
        self.now += seconds
        self.events.flush()


@pytest.fixture
def log() -> Iterator[Log]:
    """Returns a log that writes JSON."""
    stream = io.StringIO()
    configure("json", "debug", stream)
    yield Log(stream)
    structlog.reset_defaults()


def test_a_member_that_flaps_has_one_line_a_minute(log: Log) -> None:
    """After the first round, which has its own; the line says how often and how it stands."""
    log.flap(30)
    assert ["member_suspect", "member_recovered"] == log.names()
    log.flap(32)
    [line] = log.lines()
    del line["timestamp"]
    assert {
        "event": "member_flaps",
        "member": "a:1",
        "suspected": 60,
        "dead": 0,
        "recovered": 60,
        "state": "alive",
        "level": "warning",
    } == line
    log.flap(59)
    assert ["member_flaps"] == log.names()


def test_what_was_held_back_is_said_without_a_further_event(log: Log) -> None:
    """And once a minute was quiet, the next round is a first one."""
    log.flap(3)
    log.lines()
    log.wait(58)
    assert ["member_flaps"] == log.names()
    log.wait(60)
    log.wait(60)
    assert [] == log.names()
    log.flap(1)
    assert ["member_suspect", "member_recovered"] == log.names()


def test_a_single_suspicion_has_no_further_line(log: Log) -> None:
    """As it was before."""
    log.flap(1)
    log.wait(60)
    log.wait(60)
    assert ["member_suspect", "member_recovered"] == log.names()


def test_a_death_is_said_at_once(log: Log) -> None:
    """Also soon after a suspicion that was refuted, and nothing is said of it later."""
    log.flap(1)
    log.lines()
    log.events(MemberSuspect("a:1", "b:2"))
    log.events(MemberDead("a:1", "b:2"))
    assert ["member_dead"] == log.names()
    log.wait(61)
    assert [] == log.names()


def test_a_member_that_dies_again_and_again_is_put_together(log: Log) -> None:
    """One of its deaths each minute has a line, and all are counted."""
    log.flap(50, dead=True)
    assert ["member_suspect", "member_dead", "member_recovered", "member_dead"] == log.names()
    log.wait(11)
    [line] = log.lines()
    assert (49, 49, 49) == (line["suspected"], line["dead"], line["recovered"])


def test_members_are_told_apart_and_other_events_are_written(log: Log) -> None:
    """Only these three kinds are held back."""
    log.flap(2)
    log.lines()
    log.flap(1, member="c:3")
    log.events(MemberLeft("a:1"))
    assert ["member_suspect", "member_recovered", "member_left"] == log.names()


def test_refutations_have_one_line_a_minute(log: Log) -> None:
    """The member that flaps has as many events about itself."""
    for number in range(30):
        log.events(Refuted(number, "suspect"))
        log.now += 1
    assert ["refuted"] == log.names()
    log.wait(31)
    [line] = log.lines()
    assert ("refuted", 29, 29) == (line["event"], line["incarnation"], line["times"])
    log.events(Refuted(30, "suspect"))
    log.wait(61)
    [line] = log.lines()
    assert "times" not in line
    log.wait(61)
    log.events(Refuted(31, "suspect"))
    assert ["refuted"] == log.names()


async def test_the_task_writes_lines_in_time(
    log: Log, autojump_clock: trio.testing.MockClock
) -> None:
    """Within a second of the end of the minute."""
    events = EventLog()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(events.run)
        for _ in range(2):
            events(MemberSuspect("a:1", "b:2"))
            events(MemberRecovered("a:1", "suspect"))
        log.lines()
        await trio.sleep(61.5)
        assert ["member_flaps"] == log.names()
        nursery.cancel_scope.cancel()
