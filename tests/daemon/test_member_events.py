"""What happens to members is kept for those who follow it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import trio
import trio.testing

from gossipd.daemon.member_events import KEPT, MemberEvents
from gossipd.protocol import MemberDead, MemberJoined, Paused

MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def events() -> MemberEvents:
    """Events of a node to whose members nothing has happened."""
    return MemberEvents(lambda: MOMENT)


def dead(number: int) -> MemberDead:
    """The death of a member."""
    return MemberDead(f"10.0.0.{number}:1", "10.0.0.1:1")


async def test_events_are_told_as_in_the_log(
    events: MemberEvents, autojump_clock: trio.testing.MockClock
) -> None:
    """Without delay, to each who reads; what is no member's is not told."""
    events(dead(1))
    reader = events.read()
    called: list[float] = []
    reader.on_news(lambda: called.append(trio.current_time()))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(events.run)
        await trio.sleep(1)
        assert ([], 0) == reader.take()
        called.clear()
        events(Paused(1.0))
        events(dead(2))
        events(MemberJoined("10.0.0.3:1", 7, None))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    time = "2026-01-31T12:00:00.000Z"
    by = {"accuser": "10.0.0.1:1", "evidence": "silence"}
    assert [
        {"event": "member_dead", "member": "10.0.0.2:1", **by, "time": time},
        {"event": "member_joined", "member": "10.0.0.3:1", "generation": 7, "time": time},
    ] == reader.take()[0]
    assert ([], 0) == reader.take()
    assert {1.0} == set(called)


def test_a_reader_goes_on_where_another_ended(events: MemberEvents) -> None:
    """With all that happened in between, unless that is too much."""
    first = events.read()
    events(dead(1))
    first.take()
    first.close()
    first.close()
    events(dead(2))
    [told], lost = events.read(first.position).take()
    assert ("10.0.0.2:1", 0) == (told["member"], lost)
    for number in range(KEPT + 1):
        events(dead(number))
    found, lost = events.read(first.position).take()
    assert (KEPT, 2) == (len(found), lost)


@pytest.mark.parametrize("since", ["", "x", "nobody-0", "RUN-", "RUN-x"])
def test_positions_of_others(events: MemberEvents, since: str) -> None:
    """Whoever comes from another process begins with what comes next."""
    events(dead(1))
    run = events.read().position.partition("-")[0]
    assert ([], 0) == events.read(since.replace("RUN", run)).take()
