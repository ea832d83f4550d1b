"""A node in memory and a client, for the tests of commands."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio.testing

from tests.daemon.redis.talking import Client, Site, talking


@pytest.fixture
async def site(autojump_clock: trio.testing.MockClock) -> AsyncIterator[Site]:
    """Runs a node."""
    async with talking(autojump_clock) as made:
        yield made


@pytest.fixture
async def client(site: Site) -> Client:
    """Connects to it."""
    return site.connect()
