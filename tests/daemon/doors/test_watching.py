"""The routes of what goes on, over a node that only remembers what it is told."""

from __future__ import annotations

import pytest

from gossipd.protocol import MemberDead
from tests.daemon.doors.browser import Browser
from tests.daemon.fake_service import Client


@pytest.fixture
def client() -> Client:
    """A client of a fresh node."""
    return Client()


@pytest.mark.parametrize(
    ("target", "watched"),
    [
        ("/v1/counters/a%20b/watch", "a b"),
        ("/v1/watch", "*"),
        ("/v1/watch?prefix=jobs%3A", "jobs:*"),
    ],
)
async def test_what_is_watched(client: Client, target: str, watched: str) -> None:
    """By the name in the path or the prefix, from where the client was; once the stream begins."""
    response = await client.call("GET", target, last_event_id="x-7")
    assert response.stream is not None
    assert [] == client.service.watched
    response.stream.start(lambda: None)
    assert [(watched, "x-7")] == client.service.watched
    Browser().read(response.stream.take())
    response.stream.stop()


async def test_what_happens_to_members(client: Client) -> None:
    """From the moment on in which the stream begins."""
    response = await client.call("GET", "/v1/events")
    assert response.stream is not None
    response.stream.start(lambda: None)
    client.service.happening(MemberDead("10.0.0.2:1", "10.0.0.1:1"))
    [told] = Browser().read(response.stream.take())
    assert "member_dead" == told["event"]
    response.stream.stop()


@pytest.mark.parametrize("target", ["/v1/watch?pre=a", "/v1/events?x=1", "/v1/counters/a/watch?b"])
async def test_unknown_parameters_are_refused(client: Client, target: str) -> None:
    """By their name, as everywhere."""
    assert 400 == (await client.call("GET", target)).status
