"""The documented routes, over a node that only remembers what it is told."""

from __future__ import annotations

import pytest

from gossipd.daemon.http.messages import Response
from tests.daemon.fake_service import Client

TEXT = "text/plain; charset=utf-8"
DOCUMENTED = [
    "/health",
    "/count",
    "/increment",
    "/sync",
    "/peers",
    "/register",
    "/remove-peer",
    "/discovery",
]


@pytest.fixture
def client() -> Client:
    """A client of a fresh node."""
    return Client()


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/health", b'{"node_id":"127.0.0.1:8088","status":"ok"}\n'),
        ("/count", b'{"count":0,"node_id":"127.0.0.1:8088"}\n'),
        ("/count?x=1", b'{"count":0,"node_id":"127.0.0.1:8088"}\n'),
        ("/peers", b'["127.0.0.1:1","127.0.0.1:2"]\n'),
        ("/discovery", b'{"node_id":"127.0.0.1:8088","peers":["127.0.0.1:1","127.0.0.1:2"]}\n'),
    ],
)
async def test_exact_reads(client: Client, target: str, body: bytes) -> None:
    """The documented reads answer byte for byte what the original does."""
    assert Response(200, body, "application/json") == await client.call("GET", target)


@pytest.mark.parametrize("waits", [False, True])
async def test_exact_increment(client: Client, waits: bool) -> None:
    """An increment is answered with the new count and who holds it, at once or later."""
    client.service.waits = waits

    assert Response(
        200,
        b'{"count":1,"node_id":"127.0.0.1:8088"}\n',
        "application/json",
        (("Gossipd-Acks", "2/3"),),
    ) == await client.post("/increment")


@pytest.mark.parametrize("waits", [False, True])
async def test_exact_sync(client: Client, waits: bool) -> None:
    """A sync is answered with nothing but who holds it, at once or later."""
    client.service.waits = waits

    assert Response(200, b"", None, (("Gossipd-Acks", "2/3"),)) == await client.post(
        "/sync", {"count": 5}
    )
    assert 5 == client.service.value


@pytest.mark.parametrize(
    ("path", "listed"),
    [
        ("/register", ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]),
        ("/remove-peer", ["127.0.0.1:1", "127.0.0.1:2"]),
    ],
)
async def test_exact_peer_writes(client: Client, path: str, listed: list[str]) -> None:
    """Registering and removing are answered with nothing."""
    assert Response(200) == await client.post(path, {"id": "127.0.0.1:3", "more": 1})
    assert listed == client.service.listed


async def test_body_of_increment_is_ignored(client: Client) -> None:
    """An increment takes no notice of its body."""
    assert 200 == (await client.call("POST", "/increment", b"\xffnot json")).status


@pytest.mark.parametrize("path", ["/sync", "/register", "/remove-peer"])
@pytest.mark.parametrize(
    "body",
    [
        *(b"xx", b"", b"[", b"\xff\xfe", b"5", b"null", b"[]", b"{}", b'{"a":1}x'),
        *(b'{"x":' + b"[" * 100_000, b'{"id":"\xff","count":1.0}'),
    ],
    ids=lambda body: repr(body[:10]),
)
async def test_bodies_that_are_no_request(client: Client, path: str, body: bytes) -> None:
    """A body that is not the JSON object wanted is 400 with the original's words on one line."""
    response = await client.call("POST", path, body)

    assert (400, TEXT) == (response.status, response.content_type)
    assert response.body.startswith(b"Invalid request")
    assert 1 == response.body.count(b"\n")


@pytest.mark.parametrize(
    "count", ['"5"', "-1", "1.5", "5.0", "5e0", "true", "null", "9007199254740992", "[1]"]
)
async def test_counts_that_are_none(client: Client, count: str) -> None:
    """Anything but an integer that JSON clients read exactly is 400 and changes nothing."""
    response = await client.call("POST", "/sync", b'{"count":%s}' % count.encode())

    assert (400, 0) == (response.status, client.service.value)


async def test_largest_count(client: Client) -> None:
    """The largest exact integer is accepted."""
    assert 200 == (await client.post("/sync", {"count": 2**53 - 1})).status


@pytest.mark.parametrize("path", ["/register", "/remove-peer"])
@pytest.mark.parametrize("peer", ["", 5, None, "bad", "bad\nid"])
async def test_ids_that_are_none(client: Client, path: str, peer: object) -> None:
    """An id that is none, to the routes or to the node, is 400 with one line."""
    response = await client.post(path, {"id": peer})

    assert (400, 1) == (response.status, response.body.count(b"\n"))


@pytest.mark.parametrize("path", ["/increment", "/sync"])
@pytest.mark.parametrize("ack", ["all", "majority", "one", "local"])
async def test_ack_levels(client: Client, path: str, ack: str) -> None:
    """The ack level of the query reaches the node."""
    await client.post(f"{path}?ack={ack}", {"count": 1})

    assert [ack] == client.service.acks


@pytest.mark.parametrize("query", ["ack=most", "ack=", "ack=ALL", "ack=one&ack=all", "x=1&ack=2"])
@pytest.mark.parametrize("path", ["/increment", "/sync"])
async def test_ack_levels_that_are_none(client: Client, path: str, query: str) -> None:
    """An unknown or repeated ack level is 400 and counts nothing."""
    response = await client.post(f"{path}?{query}", {"count": 1})

    assert (400, 0) == (response.status, client.service.value)


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("path", ["/increment", "/sync"])
async def test_limit(client: Client, path: str, waits: bool) -> None:
    """A write beyond the counter's limit is 409 with one line, raised at once or later."""
    client.service.limit, client.service.waits = 0, waits
    response = await client.post(path, {"count": 1})

    assert (409, b"the counter is at its limit\n") == (response.status, response.body)


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("path", ["/increment", "/sync"])
async def test_unknown_outcome(client: Client, path: str, waits: bool) -> None:
    """A write that failed on its way to the disk is 503, says so, and invites nobody to repeat."""
    client.service.holders, client.service.waits = 0, waits
    response = await client.post(path, {"count": 1})

    assert (503, ()) == (response.status, response.headers)
    assert b"outcome is unknown" in response.body


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("path", ["/increment", "/sync"])
async def test_refused_write(client: Client, path: str, waits: bool) -> None:
    """A write of which nothing was written is 503 with the reason, and may be tried again."""
    client.service.reason, client.service.waits = "the disk is full", waits
    response = await client.post(path, {"count": 1})

    assert (503, (("Retry-After", "1"),)) == (response.status, response.headers)
    assert b"nothing was written: the disk is full\n" == response.body


@pytest.mark.parametrize("path", DOCUMENTED)
async def test_errors_of_documented_routes_are_text(client: Client, path: str) -> None:
    """An error of a documented route is one line of text."""
    response = await client.call("DELETE", path)

    assert (TEXT, 1) == (response.content_type, response.body.count(b"\n"))
