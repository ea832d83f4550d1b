"""What all connections of a server have in common."""

from __future__ import annotations

from gossipd.daemon.http.messages import Limits
from gossipd.daemon.http.shared import Shared


def test_the_clock_moves_by_ticks() -> None:
    """And the date with it."""
    shared = Shared(Limits(), lambda *what: None)
    shared.tick()
    assert 0 == shared.now
    shared.tick(0.5)
    assert 0.5 == shared.now
    assert shared.date.startswith(b"Date: ")


def test_streams_are_limited() -> None:
    """One that ends makes room for another."""
    shared = Shared(Limits(streams=2), lambda *what: None)
    assert [True, True, False] == [shared.begin_stream() for _ in range(3)]
    shared.end_stream()
    assert [True, False] == [shared.begin_stream() for _ in range(2)]
