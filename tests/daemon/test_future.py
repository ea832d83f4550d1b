"""Values to come: told to who was named."""

from __future__ import annotations

import gc
import weakref

import pytest

from gossipd.daemon.future import Future


@pytest.mark.parametrize("early", [False, True])
def test_who_left_word_is_called_once(early: bool) -> None:
    """Whether the value is there before or comes after."""
    later = Future(7) if early else Future[int]()
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
        later: Future[int] = Future(outcome) if early else Future()
        later.map(change).then(told.append)
        if not early:
            later.settle(outcome)
    assert ["1", error, "refused"] == told


class Refused(Exception):
    """What a change of an outcome raises."""


def refused(outcome: int | Exception) -> int:
    """Raises."""
    raise Refused


def test_an_error_is_freed_with_the_last_who_has_it() -> None:
    """Without the garbage collector: a refused write of an HTTP client is such an error."""
    first: Future[int] = Future()
    told: list[int | Exception] = []
    first.map(refused).then(told.append)
    gc.collect()
    gc.disable()
    try:
        first.settle(0)
        [error] = map(weakref.ref, told)
        told.clear()
        assert error() is None
    finally:
        gc.enable()
