"""The routes together, over a node that only remembers what it is told."""

from __future__ import annotations

import json

import pytest

from gossipd.daemon.future import Future
from gossipd.daemon.http.messages import Request, Response
from tests.daemon.fake_service import Client

PROBLEM = "application/problem+json"

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
WRITES = ("/increment", "/sync", "/register", "/remove-peer", "/v1/counters/a/add", "/v1/leave")


@pytest.fixture
def client() -> Client:
    """A client of a fresh node."""
    return Client()


async def test_answers_cost_no_task_switch(client: Client) -> None:
    """What the node answers is told at once to whoever left word."""
    request = Request("POST", "/increment", "", {b"host": b"node"}, b"")
    told: list[Response | Exception] = []

    answer = client.api.handle(request)
    assert isinstance(answer, Future)
    answer.then(told.append)
    assert [200] == [each.status for each in told if isinstance(each, Response)]


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
    "path", ["", "*", "/count/", "/Count", "//count", "/no-such", "/../count", "/c%6funt"]
)
async def test_unknown_paths(client: Client, path: str) -> None:
    """A path that is not in the table is 404, told as problem details."""
    response = await client.call("GET", path)

    assert (404, PROBLEM) == (response.status, response.content_type)
    assert {"detail", "status", "title", "type"} == set(json.loads(response.body))


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
