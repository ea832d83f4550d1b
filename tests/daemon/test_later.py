"""Values to come: told to who was named, or to who waits."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from gossipd.daemon.later import Later


@pytest.mark.parametrize("early", [False, True])
def test_who_left_word_is_called_once(early: bool) -> None:
    """Whether the value is there before or comes after."""
    later = Later(7) if early else Later[int]()
    told: list[int | Exception] = []
    later.then(told.append)
    if not early:
        assert [] == told
        later.settle(7)
    assert [7] == told


@pytest.mark.parametrize("early", [False, True])
def test_map_changes_what_is_told(early: bool) -> None:
    """Errors as well, and what it raises is told in place of a value."""
    error = ValueError("on purpose")

    def change(outcome: int | Exception) -> str:
        if outcome == 3:
            raise error
        return f"{outcome}"

    told: list[str | Exception] = []
    for outcome in (1, 3, ValueError("refused")):
        later: Later[int] = Later(outcome) if early else Later()
        later.map(change).then(told.append)
        if not early:
            later.settle(outcome)
    assert ["1", error, "refused"] == told


async def test_who_waits_is_woken(autojump_clock: trio.testing.MockClock) -> None:
    """At once where the value is there, without a task switch."""
    later: Later[int] = Later()
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            assert 7 == await later
            assert 3.0 == trio.current_time() - start

        start = trio.current_time()
        nursery.start_soon(wait)
        await trio.sleep(3)
        later.settle(7)
    with trio.testing.assert_no_checkpoints():
        assert 7 == await later


async def test_an_error_is_raised_in_who_waits() -> None:
    """The very exception that it was settled with."""
    later: Later[int] = Later(KeyError("x"))
    with pytest.raises(KeyError):
        await later


async def test_a_cancelled_wait_is_no_wait(autojump_clock: trio.testing.MockClock) -> None:
    """A value that comes afterwards wakes nobody."""
    later: Later[int] = Later()
    with trio.move_on_after(1) as scope:
        await later
    assert scope.cancelled_caught
    later.settle(7)
    assert 7 == await later
