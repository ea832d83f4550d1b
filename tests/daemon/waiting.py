"""How a test waits for a value to come."""

from __future__ import annotations

from typing import TypeVar

import trio

from gossipd.daemon.future import Future

T = TypeVar("T")


async def outcome(later: Future[T]) -> T:
    """What it is settled with: returned or raised, without a checkpoint if it is there."""
    come: list[T | Exception] = []
    settled = trio.Event()
    later.then(lambda outcome: (come.append(outcome), settled.set()))
    if not come:
        await settled.wait()
    if isinstance(come[0], Exception):
        raise come[0]
    return come[0]
