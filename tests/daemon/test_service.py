"""The service: who is answered when, and what stays of a write that is not."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import pytest
import trio
import trio.testing

from gossipd.daemon.future import Future
from gossipd.daemon.joint import Request
from gossipd.protocol import Entry, Group, LimitExceeded
from tests.conformance.suite import Reaction, Reply
from tests.daemon.fakes import Clock, Full, Reactions, running
from tests.daemon.waiting import outcome


def answered_late() -> Reactions:
    """An increment is answered by the datagram `held`."""
    return {
        "increment": [Reaction()],
        "datagram held": [Reaction((Reply(0, 5, 2, 3),))],
    }


async def test_a_write_that_is_answered_at_once_needs_no_task_switch(
    autojump_clock: Clock,
) -> None:
    """Neither for its answer nor to get it, and nothing waits."""
    reactions = {"increment": [Reaction((Reply(0, 7, 1, 1),))]}
    async with running(autojump_clock, reactions) as site:
        with trio.testing.assert_no_checkpoints():
            answer = await outcome(site.service.increment("default", 1, "local"))
        assert (7, 1, 1) == (answer.count, answer.holders, answer.target)
        assert not site.tickets


async def test_a_write_waits_for_its_answer(autojump_clock: Clock) -> None:
    """The answer of a later input reaches who waits."""
    async with running(autojump_clock, answered_late()) as site:
        waiting = site.service.increment("default", 1, None)
        site.endpoint.arrive(b"held")
        answer = await outcome(waiting)
        assert (5, 2, 3) == (answer.count, answer.holders, answer.target)
        assert not site.tickets


async def test_an_answer_that_comes_before_the_waiting_is_kept(autojump_clock: Clock) -> None:
    """Who begins to wait late is answered at once."""
    async with running(autojump_clock, answered_late()) as site:
        waiting = site.service.increment("default", 1, None)
        site.endpoint.arrive(b"held")
        await trio.sleep(1)
        assert 5 == (await outcome(waiting)).count


async def test_whoever_stops_waiting_leaves_nothing(autojump_clock: Clock) -> None:
    """Its answer reaches nobody when it comes."""
    async with running(autojump_clock, answered_late()) as site:
        waiting = site.service.increment("default", 1, None)
        with trio.move_on_after(1) as scope:
            await outcome(waiting)
        assert scope.cancelled_caught
        site.endpoint.arrive(b"held")
        await trio.sleep(1)
        assert not site.tickets
        assert 1 == len(site.inputs("datagram"))


async def test_a_refused_write_leaves_nothing(autojump_clock: Clock) -> None:
    """LimitExceeded reaches the caller, and no one is waited for."""
    async with running(autojump_clock, kind=Full) as site:
        with pytest.raises(LimitExceeded):
            await outcome(site.service.increment("default", 1, None))
        with pytest.raises(LimitExceeded):
            await outcome(site.service.sync(1, None))
        assert not site.tickets


async def test_refused_writes_of_one_turn_are_freed_at_once(autojump_clock: Clock) -> None:
    """Without the garbage collector: their error names nothing that waited for them."""
    async with running(autojump_clock, kind=Full) as site:
        gc.collect()
        gc.disable()
        try:
            refused: list[object] = []
            for _ in range(3):
                site.service.increment("default", 1, None).then(refused.append)
            await trio.sleep(1)
            assert [LimitExceeded] * 3 == [type(each) for each in refused]
            assert not [each for each in gc.get_objects() if isinstance(each, Future | Request)]
        finally:
            gc.enable()


async def test_a_move_changes_the_id_until_the_end_has_begun(autojump_clock: Clock) -> None:
    """The API shows the new id from then on; a node that stops keeps the one it leaves under."""
    async with running(autojump_clock) as site:
        site.service.move("10.0.0.9:8088")
        assert "10.0.0.9:8088" == site.service.node_id
        site.service.drain()
        site.service.move("10.0.0.8:8088")
        assert "10.0.0.9:8088" == site.service.node_id
        assert [("move", "10.0.0.9:8088", 0.0)] == site.inputs("move")


async def test_a_clock_that_was_stepped_is_told_before_the_next_write(
    autojump_clock: Clock,
) -> None:
    """The machine may have been set back: what is asked for now is not counted as before."""
    async with running(autojump_clock, steps=[False, True, False]) as run:
        for amount in (1, 2, 3):
            with trio.move_on_after(0.01):
                await outcome(run.service.increment("default", amount, None))
    kinds = [each[0] for each in run.node.recording if each[0] in ("increment", "renew")]
    assert ["increment", "renew", "increment", "increment"] == kinds


async def test_a_clock_that_was_stepped_is_told_without_a_write(autojump_clock: Clock) -> None:
    """Within a second or two, since the node tells its clock to those that it meets."""
    async with running(autojump_clock, steps=[False, True]) as run:
        await trio.sleep(2.5)
    assert ["renew"] == [each[0] for each in run.node.recording if each[0] == "renew"]


async def test_a_clock_that_was_stepped_ends_the_session_that_seals(autojump_clock: Clock) -> None:
    """A machine that was set back would use the numbers of that session again."""
    renewed: list[float] = []
    gate = SimpleNamespace(renew=lambda: renewed.append(trio.current_time()))
    begun = trio.current_time()
    async with running(autojump_clock, steps=[False, True], gate=gate):
        await trio.sleep(2.5)
    assert [2.0] == [moment - begun for moment in renewed]


async def test_watches_and_readers_are_told_while_the_service_runs(autojump_clock: Clock) -> None:
    """Of values and of members."""
    async with running(autojump_clock) as site:
        node, service = site.node, site.service
        node.counts.apply(Group(b"o" * 16, 0, 1, [Entry(1, "a", 0, 1)]))
        watch, everything = service.watch("a"), service.watch_prefix("")
        assert [("a", 1, True)] == watch.take() == [each for each in everything.take() if each[2]]
        node.counts.apply(Group(b"o" * 16, 1, 2, [Entry(2, "a", 0, 5)]))
        for each in (watch, everything):
            with trio.fail_after(1):
                await each.news()
            assert [("a", 5, True)] == each.take()
        reader = service.events()
        assert ([], 0) == reader.take()
