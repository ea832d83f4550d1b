"""A node in memory and a client, for the tests of commands."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing

from gossipd.daemon import service
from tests.daemon.redis.talking import WALL_MS, Client, Site, talking


@pytest.fixture
async def site(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    """Runs a node whose wall clock is trio's mock clock."""
    began = trio.current_time()
    monkeypatch.setattr(
        service, "_wall_ms", lambda: WALL_MS + round((trio.current_time() - began) * 1000)
    )
    async with talking(autojump_clock) as made:
        yield made


@pytest.fixture
async def client(site: Site) -> Client:
    """Connects to it."""
    return site.connect()
