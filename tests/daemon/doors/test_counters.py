"""The routes of named counters, over a node that only remembers what it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gossipd.daemon.http import Response
from tests.daemon.fake_service import Client

ACKS = (("Gossipd-Acks", "2/3"),)


@pytest.fixture
def client() -> Client:
    """A client of a fresh node."""
    return Client()


def body_of(response: Response) -> Any:
    """Returns the value of a JSON answer."""
    assert 200 == response.status, response.body
    return json.loads(response.body)


async def test_a_counter_is_made_by_its_first_change(client: Client) -> None:
    """Before that its value is 0, and it says that nobody has counted."""
    path = "/v1/counters/page%20views%2Fd%C3%ADa"
    name = "page views/día"
    before = await client.call("GET", path)
    assert {"name": name, "value": 0, "known": False} == body_of(before)
    first = await client.call("POST", f"{path}/add")
    second = await client.post(f"{path}/add?ack=one", {"amount": -5})
    assert (1, -4) == (body_of(first)["value"], body_of(second)["value"])
    assert (ACKS, [None, "one"]) == (second.headers, client.service.acks)
    after = await client.call("GET", path)
    assert {"name": name, "value": -4, "known": True} == body_of(after)


async def test_a_batch_is_answered_in_order(client: Client) -> None:
    """With the value after each change, one of them as well."""
    batch = [{"name": "a", "amount": 5}, {"name": "b"}, {"name": "a", "amount": -1}]
    values = body_of(await client.post("/v1/add", batch))
    expected = [("a", 5), ("b", 1), ("a", 4)]
    assert expected == [(each["name"], each["value"]) for each in values]
    assert [{"name": "b", "value": 2}] == body_of(await client.post("/v1/add", batch[1:2]))


async def test_counters_are_listed_in_pages(client: Client) -> None:
    """A full page names the next one's beginning."""
    for name in ("jobs:done", "jobs:failed", "jobs:new", "other"):
        await client.post("/v1/add", [{"name": name, "amount": 2}])
    first = body_of(await client.call("GET", "/v1/counters?prefix=jobs:&limit=2"))
    assert (["jobs:done", "jobs:failed"], "jobs:failed") == (
        [each["name"] for each in first["counters"]],
        first["next"],
    )
    rest = body_of(await client.call("GET", "/v1/counters?prefix=jobs:&after=jobs:failed&limit=2"))
    assert ([{"name": "jobs:new", "value": 2}], None) == (rest["counters"], rest["next"])


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "says"),
    [
        ("POST", "/v1/counters/a/add", b'{"amount":1.5}', 400, "amount"),
        ("POST", "/v1/counters/a/add", b'{"amount":9007199254740992}', 400, "amount"),
        ("POST", "/v1/counters/a/add", b'{"ammount":1}', 400, "ammount"),
        ("POST", "/v1/counters/a/add?ack=none", b"", 400, "ack"),
        ("POST", "/v1/counters/%FF/add", b"", 400, "UTF-8"),
        ("POST", "/v1/add", b"[]", 400, "Invalid"),
        ("POST", "/v1/add", b'[{"name":"","amount":1}]', 400, "name: must"),
        ("GET", "/v1/counters?limit=0", b"", 400, "limit"),
        ("GET", "/v1/counters?limit=1001", b"", 400, "limit"),
        ("GET", "/v1/counters?pre=a", b"", 400, "pre"),
        ("GET", "/v1/counters/a/add", b"", 405, "POST"),
        ("POST", "/v1/counters/a", b"", 405, "GET"),
        ("GET", "/v1/counters/", b"", 404, "path"),
        ("GET", "/v1/counters/a/b", b"", 404, "path"),
        ("GET", "/v1/countersa", b"", 404, "path"),
    ],
)
async def test_what_is_wrong_is_named(
    client: Client, method: str, target: str, body: bytes, status: int, says: str
) -> None:
    """As problem details, and nothing is counted."""
    answer = await client.call(method, target, body)
    assert (status, "application/problem+json") == (answer.status, answer.content_type)
    assert says in json.loads(answer.body)["detail"]
    assert [("default", 0)] == await listed(client)


async def test_requests_are_counted_by_route(client: Client) -> None:
    """And not by counter, which would be a metric for each."""
    for name in "abc":
        await client.call("POST", f"/v1/counters/{name}/add")
    assert {("/v1/counters/NAME/add", 200): 3} == client.requests


async def test_a_reset_tells_what_it_took(client: Client) -> None:
    """A reset counter is still listed, and a deleted one is not until somebody counts again."""
    await client.post("/v1/counters/a/add", {"amount": 17})
    first = await client.call("POST", "/v1/counters/a/reset?ack=one")
    assert ({"removed": 17, "value": 0}, ACKS) == (body_of(first), first.headers)
    again = await client.call("POST", "/v1/counters/a/reset")
    assert {"removed": 0, "value": 0} == body_of(again)
    await client.post("/v1/counters/a/add", {"amount": 3})
    assert {"removed": 3, "value": 0} == body_of(await client.call("DELETE", "/v1/counters/a"))
    assert [("default", 0)] == await listed(client)
    assert {"name": "a", "value": 0, "known": False} == body_of(
        await client.call("GET", "/v1/counters/a")
    )
    await client.post("/v1/counters/a/add", {"amount": 2})
    assert [("a", 2), ("default", 0)] == await listed(client)


async def listed(client: Client) -> list[tuple[str, int]]:
    """Returns the names and values of all counters."""
    page = body_of(await client.call("GET", "/v1/counters"))
    return [(each["name"], each["value"]) for each in page["counters"]]


async def test_a_counter_expires(client: Client) -> None:
    """Until then each answer tells in how many seconds."""
    await client.post("/v1/counters/a/add", {"amount": 4, "ttl": 1.5})
    shown = body_of(await client.call("GET", "/v1/counters/a"))
    assert {"name": "a", "value": 4, "known": True, "expires_in": 1.5} == shown
    client.service.wall_ms += 1000
    page = body_of(await client.call("GET", "/v1/counters?prefix=a"))
    assert [{"name": "a", "value": 4, "expires_in": 0.5}] == page["counters"]
    client.service.wall_ms += 500
    assert not body_of(await client.call("GET", "/v1/counters/a"))["known"]
    assert [("default", 0)] == await listed(client)


async def test_a_limit_tells_what_was_added(client: Client) -> None:
    """What would pass it is not added, and that is no error."""
    told = [body_of(await client.post("/v1/counters/a/add", LIMITED)) for _ in range(3)]
    assert [(7, 7), (3, 10), (0, 10)] == [(each["applied"], each["value"]) for each in told]
    batch = [{"name": "a", "amount": 1}, {"name": "b", "amount": 7, "limit": 5}]
    assert [{"name": "a", "value": 11}, {"name": "b", "value": 5, "applied": 5}] == body_of(
        await client.post("/v1/add", batch)
    )


LIMITED = {"amount": 7, "limit": 10, "ttl": 60}


@pytest.mark.parametrize("key", ["x-1", '"x-1"', '"é"'])
async def test_a_key_counts_once(client: Client, key: str) -> None:
    """Another try says so, and the key is refused for anything else."""
    path = "/v1/counters/a/add"
    first = await client.post(path, {"amount": 5}, idempotency_key=key)
    again = await client.post(path, {"amount": 5}, idempotency_key=key.strip('"'))
    assert (5, 5) == (body_of(first)["value"], body_of(again)["value"])
    replayed = ("Idempotent-Replayed", "true")
    assert (False, True) == (replayed in first.headers, replayed in again.headers)
    for other, amount in (path, 6), ("/v1/counters/b/add", 5):
        refused = await client.post(other, {"amount": amount}, idempotency_key=key)
        assert 422 == refused.status
        assert "urn:gossipd:problem:key-reused" == json.loads(refused.body)["type"]


@pytest.mark.parametrize("key", ["", '""', "k" * 65])
async def test_a_key_has_a_form(client: Client, key: str) -> None:
    """Nothing is counted with one that has not."""
    refused = await client.post("/v1/counters/a/add", idempotency_key=key)
    assert (400, [("default", 0)]) == (refused.status, await listed(client))


async def test_the_largest_total_of_a_source_counts(client: Client) -> None:
    """However often and in whichever order they are stated; sources are added up."""
    for source, total, value in ("a/1", 531, 531), ("a/1", 500, 531), ("b", 2, 533), ("b", 0, 533):
        path = f"/v1/counters/hits/sources/{source.replace('/', '%2F')}"
        answer = await client.call("PUT", path, json.dumps({"total": total}).encode())
        assert {"name": "hits", "value": value} == body_of(answer)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/counters/a/add", {"ttl": 0}),
        ("POST", "/v1/counters/a/add", {"ttl": 1e9}),
        ("POST", "/v1/counters/a/add", {"limit": 2**53}),
        ("PUT", "/v1/counters/a/sources/b", {"total": -1}),
        ("PUT", "/v1/counters/a/sources/b", {}),
        ("POST", "/v1/counters/default/reset", {}),
        ("DELETE", "/v1/counters/default", {}),
        ("PUT", "/v1/counters/default/sources/b", {"total": 1}),
    ],
)
async def test_what_cannot_be_is_refused(
    client: Client, method: str, path: str, body: dict[str, object]
) -> None:
    """With an error that says what is wrong."""
    refused = await client.call(method, path, json.dumps(body).encode())
    assert (400, [("default", 0)]) == (refused.status, await listed(client))
