"""What all connections of a server have in common."""

from __future__ import annotations

from gossipd.daemon.resp import Limits
from gossipd.daemon.resp.shared import Shared


def test_what_is_counted() -> None:
    """The clock moves by ticks; connections with bytes that are no request are counted."""
    shared = Shared(Limits(), lambda error: None)
    shared.tick(0.5)
    shared.tick(0.25)
    shared.count_malformed()
    assert (0.75, 1, False) == (shared.now, shared.malformed, shared.draining)
    shared.drain()
    assert shared.draining
