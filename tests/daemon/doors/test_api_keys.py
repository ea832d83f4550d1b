"""The route that tells who seals with which key."""

from __future__ import annotations

import json

from gossipd.daemon.service import Keys
from tests.daemon.fake_service import Client

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
