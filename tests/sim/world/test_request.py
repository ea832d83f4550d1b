"""A request by itself."""

from __future__ import annotations

from gossipd.protocol import (
    Answer,
    Write,
)
from gossipd.sim.world import (
    Request,
)


def test_a_request_is_acknowledged_once_a_node_holds_it() -> None:
    """An answer without holders says that it is not held."""
    for holders, acknowledged in (0, False), (1, True):
        request = Request(1, "a", 1, "increment", "default", 1, 0.0)
        assert not request.acknowledged
        request.settle(Answer(1, 5, holders, 3), 2.0)
        assert (acknowledged, 2.0) == (request.acknowledged, request.answered_at)


def test_a_request_is_refused_or_staged() -> None:
    """With the reason, or with the write."""
    request, write = Request(1, "a", 1, "increment", "default", 1, 0.0), Write(1, ())
    request.refuse("no")
    request.stage(write)
    assert ("no", write) == (request.refused, request.write)
