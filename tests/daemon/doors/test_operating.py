"""The routes of operators, over a node that only remembers what it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gossipd.protocol import MemberDetails, MemberView
from tests.daemon.fake_service import NODE_ID, Client


async def posted(client: Client, path: str, **body: Any) -> tuple[int, Any]:
    """The status and the answer to a request."""
    response = await client.post(path, body)
    return response.status, json.loads(response.body)


async def test_join() -> None:
    """It is taken as a seed; a text that is no address is refused."""
    client = Client()
    taken = {"node_id": NODE_ID, "status": "joining"}
    assert (200, taken) == await posted(client, "/v1/join", id="127.0.0.9:1")
    assert "127.0.0.9:1" in client.service.listed
    status, problem = await posted(client, "/v1/join", id="bad")
    assert (400, "urn:gossipd:problem:invalid-request") == (status, problem["type"])


async def test_leave() -> None:
    """It is answered before the node begins to leave."""
    client = Client()
    assert (200, {"node_id": NODE_ID, "status": "leaving"}) == await posted(client, "/v1/leave")
    assert client.operations.leave_asked.is_set()
    client.service.draining = True
    assert 503 == (await posted(client, "/v1/leave"))[0]


async def test_reload() -> None:
    """It tells what was read and what was not changed."""
    nothing: dict[str, Any] = {"changed": [], "files": [], "needs_restart": [], "reason": None}
    assert (200, {**nothing, "node_id": NODE_ID}) == await posted(Client(), "/v1/reload")


@pytest.mark.parametrize(
    ("member", "status", "kind"),
    [("dead:1", 200, ""), ("live:1", 409, "not-gone"), ("strange:1", 404, "no-such-member")],
)
async def test_forget(member: str, status: int, kind: str) -> None:
    """A member that is dead or left; others are refused, each for its reason."""
    client = Client()
    client.service.details = [
        MemberDetails(MemberView(each, "dead", 7, 1, False), "", 90.5, None)
        for each in ("dead:1", "live:1")
    ]
    found, answer = await posted(client, f"/v1/members/{member.replace(':', '%3A')}/forget")
    assert (status, kind) == (found, answer.get("type", "").rpartition(":")[2])
    assert (["dead:1"] if status == 200 else []) == client.service.forgotten
