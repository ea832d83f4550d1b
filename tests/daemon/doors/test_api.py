"""The routes, over a node that only remembers what it is told."""

from __future__ import annotations

import json

import pytest

from gossipd.daemon.future import Future
from gossipd.daemon.http.messages import Request, Response
from gossipd.protocol import SeedView
from tests.daemon.fake_service import NODE_ID, Client

PROBLEM = "application/problem+json"
TEXT = "text/plain; charset=utf-8"

DOCUMENTED = {
    "/health": "GET",
    "/count": "GET",
    "/increment": "POST",
    "/sync": "POST",
    "/peers": "GET",
    "/register": "POST",
    "/remove-peer": "POST",
    "/discovery": "GET",
}
NEWER = {"/livez": "GET", "/readyz": "GET", "/healthz": "GET", "/metrics": "GET", "/v1/keys": "GET"}
WRITES = ("/increment", "/sync", "/register", "/remove-peer")


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


async def test_answers_cost_no_task_switch(client: Client) -> None:
    """What the node answers is told at once to whoever left word."""
    request = Request("POST", "/increment", "", {b"host": b"node"}, b"")
    told: list[Response | Exception] = []

    answer = client.api.handle(request)
    assert isinstance(answer, Future)
    answer.then(told.append)
    assert [200] == [each.status for each in told if isinstance(each, Response)]


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


@pytest.mark.parametrize(("path", "method"), [*DOCUMENTED.items(), *NEWER.items()])
@pytest.mark.parametrize("asked", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_methods(client: Client, path: str, method: str, asked: str) -> None:
    """A method that is not in the table is 405 and names those that are; HEAD follows GET."""
    allowed = ("GET", "HEAD") if method == "GET" else ("POST",)
    response = await client.call(asked, path, b'{"count":1,"id":"x:1"}')

    assert (200 if asked in allowed else 405) == response.status
    assert (", ".join(allowed) if response.status == 405 else None) == dict(response.headers).get(
        "Allow"
    )


@pytest.mark.parametrize(
    "path", ["/", "", "*", "/count/", "/Count", "//count", "/no-such", "/../count", "/c%6funt"]
)
async def test_unknown_paths(client: Client, path: str) -> None:
    """A path that is not in the table is 404, told as problem details."""
    response = await client.call("GET", path)

    assert (404, PROBLEM) == (response.status, response.content_type)
    assert {"detail", "status", "title", "type"} == set(json.loads(response.body))


@pytest.mark.parametrize("path", DOCUMENTED)
async def test_errors_of_documented_routes_are_text(client: Client, path: str) -> None:
    """An error of a documented route is one line of text."""
    response = await client.call("DELETE", path)

    assert (TEXT, 1) == (response.content_type, response.body.count(b"\n"))


@pytest.mark.parametrize("path", NEWER)
async def test_errors_of_newer_routes_are_problems(client: Client, path: str) -> None:
    """An error of a newer route is problem details."""
    assert PROBLEM == (await client.call("DELETE", path)).content_type


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"sec_fetch_site": "cross-site"}],
    ids=["origin", "sec-fetch-site"],
)
async def test_another_site_may_not_write(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    """A write that a browser sends for another site is 403 and does nothing."""
    response = await client.post(path, {"count": 1, "id": "x:1"}, **headers)

    assert (403, 0, 2) == (response.status, client.service.value, len(client.service.listed))


@pytest.mark.parametrize("path", WRITES)
async def test_a_page_whose_name_leads_here_may_not_write(client: Client, path: str) -> None:
    """Its name is both `Origin` and `Host`: 421, and nothing changes."""
    headers = {"host": "evil.example:8088", "origin": "http://evil.example:8088"}
    response = await client.post(path, {"count": 1, "id": "x:1"}, **headers)

    assert (421, 0, 2) == (response.status, client.service.value, len(client.service.listed))
    assert b"--allowed-host" in response.body


async def test_any_host_may_read(client: Client) -> None:
    """Reads are not guarded, so that health checks under any name go on."""
    assert 200 == (await client.call("GET", "/readyz", host="gossipd.example")).status


async def test_own_site_may_write(client: Client) -> None:
    """A write that a browser sends for a page of this node is taken."""
    assert 200 == (await client.post("/increment", origin="http://node:8088")).status


async def test_another_site_may_read(client: Client) -> None:
    """Reads are not guarded: the other site's page does not see the answer."""
    assert 200 == (await client.call("GET", "/count", origin="http://evil.example")).status


@pytest.mark.parametrize("path", WRITES)
async def test_no_writes_while_draining(client: Client, path: str) -> None:
    """While draining, writes are 503 and may be tried again, elsewhere."""
    client.service.draining = True
    response = await client.post(path, {"count": 1, "id": "x:1"})

    assert (503, (("Retry-After", "1"),), 0) == (
        response.status,
        response.headers,
        client.service.value,
    )


@pytest.mark.parametrize("path", ["/count", "/health", "/peers", "/discovery", "/livez"])
async def test_reads_while_draining(client: Client, path: str) -> None:
    """While draining, reads go on."""
    client.service.draining = True

    assert 200 == (await client.call("GET", path)).status


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


async def test_requests_are_counted(client: Client) -> None:
    """Answers are counted by route and status, and all unknown paths as one."""
    client.service.waits = True
    for method, path in (("GET", "/count"), ("POST", "/increment"), ("PUT", "/count")):
        await client.call(method, path)
    await client.call("GET", "/a")
    await client.call("GET", "/b")

    assert {
        ("/count", 200): 1,
        ("/increment", 200): 1,
        ("/count", 405): 1,
        ("unknown", 404): 2,
    } == client.requests
