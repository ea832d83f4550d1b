"""The end of a connection."""

from __future__ import annotations

import socket

import pytest
import trio

from gossipd.daemon.resp import Limits
from gossipd.daemon.resp.closing import linger


@pytest.mark.parametrize(("limit", "left"), [(10, b""), (1, b"cd")])
async def test_what_was_sent_is_read_first(
    limit: int, left: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the limit, also what comes while it waits."""
    monkeypatch.setattr("gossipd.daemon.resp.closing._READ_BYTES", 2)
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    with ours, theirs:
        ours.sendall(b"abcd")
        ours.shutdown(socket.SHUT_WR)
        await linger(theirs, Limits(linger_bytes=limit), more=True)
        await trio.lowlevel.checkpoint()
        assert left == theirs.recv(10)
        assert b"" == ours.recv(10)
