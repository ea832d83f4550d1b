"""One connection among others: how much it may answer in one turn of the loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from gossipd.daemon.future import Future
from gossipd.daemon.http.connection import TURN_SECONDS
from gossipd.daemon.http.messages import Request, Response
from gossipd.daemon.http.shared import Phase
from tests.daemon.http.peer import CLOSING, GET, Peer, serving


class Site:
    """A handler whose answers take a time that the test sets, and a count of the turns.

    Attributes:
        by_turn: number of answers given in each turn of the loop, by the number of the turn. trio
            runs the tasks of a turn in any order, so that two turns may be counted as one.
    """

    def __init__(self, seconds: float, *, settled: bool) -> None:
        self.by_turn: dict[int, int] = {}
        self.turn = 0
        self._seconds = seconds
        self._settled = settled
        self._now = 0.0

    def clock(self) -> float:
        """Tells the seconds that all answers together took."""
        return self._now

    def handle(self, request: Request) -> Response | Future[Response]:
        """Answers, and lets the clock go on by the time that this takes."""
        self._now += self._seconds
        self.by_turn[self.turn] = self.by_turn.get(self.turn, 0) + 1
        response = Response(200, request.path.encode())
        return Future(response) if self._settled else response

    async def count_turns(self) -> None:
        """Counts the turns of the loop until it is cancelled."""
        while True:
            self.turn += 1
            await trio.lowlevel.checkpoint()


@asynccontextmanager
async def site_with_peer(
    seconds: float, *, settled: bool = False
) -> AsyncIterator[tuple[Site, Peer]]:
    """Serves a client beside a task that runs in every turn."""
    site = Site(seconds, settled=settled)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(site.count_turns)
        async with serving(site.handle, clock=site.clock) as peer:
            yield site, peer
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("settled", [False, True])
async def test_expensive_answers_have_a_turn_each(*, settled: bool) -> None:
    """After an answer that takes longer than a slice everybody else has a turn."""
    async with site_with_peer(TURN_SECONDS * 2, settled=settled) as (site, peer):
        await peer.stream.send_all(GET * 20 + CLOSING)
        assert 21 == (await peer.received()).count(b"HTTP/1.1 200 ")
    assert max(site.by_turn.values()) <= 2


async def test_cheap_answers_share_a_turn() -> None:
    """As many answers as fit into a slice are given and sent together."""
    async with site_with_peer(TURN_SECONDS / 8) as (site, peer):
        await peer.stream.send_all(GET * 39 + CLOSING)
        assert 40 == (await peer.received()).count(b"HTTP/1.1 200 ")
    assert 8 <= max(site.by_turn.values()) <= 2 * 8
    assert len(site.by_turn) <= 5


async def test_whoever_gives_way_is_not_idle() -> None:
    """A connection between two slices is not closed, neither for room nor for a drain."""
    async with site_with_peer(TURN_SECONDS) as (_, peer):
        await peer.stream.send_all(GET * 50)
        assert (await peer.stream.receive_some()).startswith(b"HTTP/1.1 200 ")
        assert (Phase.HANDLING, False) == (peer.connection.phase, peer.connection.is_idle())
        peer.shared.drain()
        assert b"\r\nConnection: close\r\n" in await peer.received()
