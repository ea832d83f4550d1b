"""An iterator over what is new, and how it ends."""

from __future__ import annotations

import trio
import trio.testing

from gossipd.daemon.following import Following
from gossipd.daemon.readers import Reader


async def test_it_takes_what_is_new_and_waits_for_more() -> None:
    """In order; a waiting task goes on at the next news."""
    reader, news = Reader(), [1, 2]

    def take() -> list[int]:
        taken, news[:] = news[:], []
        return taken

    following = Following(reader, take)
    assert (1, 2) == (await anext(following), await anext(following))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(expect, following, 3)
        await trio.testing.wait_all_tasks_blocked()
        news.append(3)
        reader.wake()


async def expect(following: Following[int], value: int) -> None:
    assert value == await anext(following)


async def test_its_end_reaches_a_task_that_waits() -> None:
    """And the reader is closed."""
    reader = Reader()
    following: Following[int] = Following(reader, list)
    seen: list[int] = []

    async def follow() -> None:
        seen.extend([each async for each in following])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(follow)
        await trio.testing.wait_all_tasks_blocked()
        following.close()
    assert ([], True) == (seen, reader.closed)


async def test_one_that_is_dropped_closes_its_reader() -> None:
    """So that nothing is told to nobody; but not in the midst of another step."""
    reader = Reader()
    Following(reader, list)
    assert not reader.closed
    await trio.testing.wait_all_tasks_blocked()
    assert reader.closed
