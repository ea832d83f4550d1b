"""Clusters in memory, under trio's mock clock."""

from __future__ import annotations

import time

import trio.testing

from gossipd.daemon.rehearsal import cluster


async def test_an_hour_takes_a_moment(autojump_clock: trio.testing.MockClock) -> None:
    """Counters expire by trio's clock, and the process's own clock hardly moves."""
    began = time.monotonic()
    async with cluster(3) as three:
        first, second, _ = three.nodes
        counted = await first.add("session", ttl=600)
        assert (3, 3) == (counted.holders, counted.target)
        await trio.sleep(599)
        assert second.knows("session")
        await trio.sleep(2)
        assert not second.knows("session")
    assert time.monotonic() - began < 60


async def test_one_that_is_cut_off_comes_back(autojump_clock: trio.testing.MockClock) -> None:
    """It is found dead meanwhile, and what it counted alone counts."""
    async with cluster(3) as three:
        first, _, third = three.nodes
        three.cut_off(third)
        await three.settled()
        assert ["alive", "alive", "dead"] == [each.state for each in first.members()]
        await third.add("views", ack="local")
        assert 0 == first.value("views")
        three.heal()
        await three.settled()
        assert 1 == first.value("views")


async def test_nodes_begin_and_end_by_themselves(autojump_clock: trio.testing.MockClock) -> None:
    """One more joins, and leaves at the end of its stack."""
    from contextlib import AsyncExitStack

    async with cluster(2) as two:
        async with AsyncExitStack() as ending:
            third = await two.run(ending)
            await two.settled()
            assert 3 == len(third.members())
        await two.until(lambda: "left" in [each.state for each in two.nodes[0].members()])
