"""Health and metrics, over a node that only remembers what it is told."""

from __future__ import annotations

import json

import pytest

from gossipd.daemon.http.messages import Response
from gossipd.daemon.service import Keys
from gossipd.protocol import SeedView
from tests.daemon.fake_service import NODE_ID, Client

TEXT = "text/plain; charset=utf-8"


@pytest.fixture
def client() -> Client:
    """A client of a fresh node."""
    return Client()


async def test_ready(client: Client) -> None:
    """A node that can take writes is ready."""
    assert Response(200, b"ok\n", TEXT) == await client.call("GET", "/readyz")


@pytest.mark.parametrize("path", ["/readyz", "/readyz?verbose", "/healthz", "/healthz?verbose"])
async def test_not_ready(client: Client, path: str) -> None:
    """A node that cannot take writes says so and why."""
    client.service.reason = "the disk is full"
    response = await client.call("GET", path)

    assert 503 == response.status
    assert b"the disk is full" in response.body


async def test_not_ready_while_draining(client: Client) -> None:
    """A node that stops is not ready."""
    client.service.draining = True
    response = await client.call("GET", "/readyz")

    assert (503, (("Retry-After", "1"),)) == (response.status, response.headers)


@pytest.mark.parametrize("path", ["/livez", "/livez?verbose"])
async def test_alive_without_being_ready(client: Client, path: str) -> None:
    """A node that cannot take writes is alive all the same."""
    client.service.reason = "the disk is full"

    assert 200 == (await client.call("GET", path)).status


async def test_health_in_short(client: Client) -> None:
    """The summary tells members by state, local health and readiness."""
    assert {
        "local_health": 3,
        "members": {"alive": 2, "suspect": 1},
        "node_id": NODE_ID,
        "reason": None,
        "status": "ok",
    } == json.loads((await client.call("GET", "/healthz")).body)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
async def test_health_in_words(client: Client, path: str) -> None:
    """The verbose form is for people."""
    response = await client.call("GET", f"{path}?verbose")

    assert (
        "node:         127.0.0.1:8088\n"
        "cluster id:   none yet\n"
        "members:      2 alive, 1 suspect\n"
        "local health: 3 (0 is best)\n"
        "gossip:       open\n"
        "ready:        yes\n"
    ) == response.body.decode()


async def test_seeds_in_words(client: Client) -> None:
    """Each seed has a line, which says whether it led to a member, and if not why."""
    client.service.joined = (
        SeedView("node1:8088", "unresolved", "the name has no address"),
        SeedView("10.0.0.2:8088", "member", "member"),
    )
    response = await client.call("GET", "/healthz?verbose")
    assert response.body.decode().endswith(
        "ready:        yes\n"
        "seeds:        node1:8088: the name has no address\n"
        "              10.0.0.2:8088: member\n"
    )


async def test_metrics(client: Client) -> None:
    """The metrics are served in their own content type."""
    assert Response(
        200, b"metrics\n", "text/plain; version=0.0.4; charset=utf-8"
    ) == await client.call("GET", "/metrics")


SEALING = Keys("1a", ["1a", "2b"], True, 7, {"127.0.0.1:8088": "1a", "127.0.0.1:1": None})


async def test_keys() -> None:
    """Which key each member seals with, and in words which there are; none without keys."""
    client = Client()
    assert json.loads((await client.call("GET", "/v1/keys")).body)["seals"] is None
    client.service.sealing = SEALING
    assert {
        "accepts_open": True,
        "members": {"127.0.0.1:8088": "1a", "127.0.0.1:1": None},
        "node_id": "127.0.0.1:8088",
        "opens": ["1a", "2b"],
        "seals": "1a",
    } == json.loads((await client.call("GET", "/v1/keys")).body)
    text = (await client.call("GET", "/healthz?verbose")).body.decode()
    assert "sealed with key 1a, opens 1a, 2b, and takes open datagrams as well\n" in text
