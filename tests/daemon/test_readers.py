"""Readers are told that there is news, and others have turns meanwhile."""

from __future__ import annotations

from itertools import count

import trio

from gossipd.daemon.readers import Reader, wake_all


async def test_a_reader_is_called_or_waits() -> None:
    """Both may be; one that is closed is neither."""
    reader, calls = Reader(), []
    reader.on_news(lambda: calls.append(1))
    reader.wake()
    await reader.news()
    with trio.move_on_after(0) as scope:
        await reader.news()
    assert scope.cancelled_caught
    reader.close()
    reader.wake()
    assert [1] == calls


async def test_many_are_woken_in_slices() -> None:
    """After each thousandth of a second all others have a turn; what that takes is no work."""
    turns: list[int] = []
    woken = 0
    ticks = count()

    def called() -> None:
        nonlocal woken
        woken += 1

    readers = [Reader() for _ in range(20)]
    for reader in readers:
        reader.on_news(called)

    async def others() -> None:
        while woken < 20:
            turns.append(woken)
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(others)
        # Each look at the clock takes half a slice, and each reader one look.
        worked = await wake_all(readers, lambda: next(ticks) * 0.0005)
    assert len(set(turns)) >= 3
    assert 0.009 < worked < 0.012
