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
    assert {} == client.service.named


async def test_requests_are_counted_by_route(client: Client) -> None:
    """And not by counter, which would be a metric for each."""
    for name in "abc":
        await client.call("POST", f"/v1/counters/{name}/add")
    assert {("/v1/counters/NAME/add", 200): 3} == client.requests
