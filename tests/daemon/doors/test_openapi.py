"""The description of all routes says what their declarations say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gossipd.daemon.doors.problems import KINDS
from gossipd.daemon.doors.routes import AnyRoute, Router
from gossipd.daemon.http import Response
from gossipd.protocol import ACK_LEVELS
from tests.daemon.fake_service import Client

CLIENT = Client()
ROUTES = CLIENT.api.routes


async def described() -> Any:
    """The document, as a client gets it."""
    response = await CLIENT.call("GET", "/openapi.json")
    assert (200, "application/json") == (response.status, response.content_type)
    return json.loads(response.body)


def references(value: object) -> set[str]:
    """All references in a document."""
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*(references(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(references(each) for each in value))
    return set()


async def test_every_route_is_described() -> None:
    """And nothing else; each under an id of its own."""
    paths = (await described())["paths"]
    found = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert {(route.method, route.path) for route in ROUTES} == found
    ids = [one["operationId"] for methods in paths.values() for one in methods.values()]
    assert len(set(ids)) == len(ids) == len(ROUTES)


async def test_every_reference_leads_somewhere() -> None:
    """To a schema that is there."""
    document = await described()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document)
    assert references(document) <= known


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_a_route_is_described_as_it_decodes(route: AnyRoute) -> None:
    """Its parameters, its body, and what its errors look like."""
    one = (await described())["paths"][route.path][route.method.lower()]
    fields = list(route.query.__struct_fields__)
    headers = [name for name, _ in route.headers]
    assert [*route.variables, *fields, *headers] == [each["name"] for each in one["parameters"]]
    assert (route.body is not None) == ("requestBody" in one)
    content = [set(answer.get("content", ())) for answer in one["responses"].values()]
    problems = any("application/problem+json" in each for each in content)
    assert not (route.documented and problems)


async def test_a_body_is_described_as_it_is_decoded() -> None:
    """With its bounds, and without unknown fields."""
    document = await described()
    add = document["paths"]["/v1/counters/{name}/add"]["post"]
    assert not add["requestBody"]["required"]
    assert {"$ref": "#/components/schemas/AddBody"} == (
        add["requestBody"]["content"]["application/json"]["schema"]
    )
    body = document["components"]["schemas"]["AddBody"]
    assert (False, 2**53 - 1) == (
        body["additionalProperties"],
        body["properties"]["amount"]["maximum"],
    )
    [ack] = [each for each in add["parameters"] if each["name"] == "ack"]
    assert set(ACK_LEVELS) == set(ack["schema"]["enum"])
    batch = document["paths"]["/v1/add"]["post"]["requestBody"]
    assert batch["required"]
    assert 500 == batch["content"]["application/json"]["schema"]["maxItems"]


async def test_every_kind_of_error_is_described() -> None:
    """Each at some route; 405 belongs to none."""
    document = await described()
    statuses = {
        int(status)
        for methods in document["paths"].values()
        for one in methods.values()
        for status in one["responses"]
    }
    assert {kind.status for kind in KINDS} - {405} <= statuses


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/v1/counters/a/add", b'{"amount":"x"}'),
        ("POST", "/increment?ack=x", b""),
        ("GET", "/readyz", b""),
        ("GET", "/healthz", b""),
        ("DELETE", "/v1/counters/a", b""),
        ("GET", "/v1/counters?limit=5", b""),
    ],
)
async def test_what_is_answered_is_described(method: str, target: str, body: bytes) -> None:
    """With its status and content type."""
    client = Client()
    client.service.reason = "the disk is full"
    response: Response = await client.call(method, target, body)
    found = Router(client.api.routes).find(target.partition("?")[0])
    assert found is not None
    methods, _ = found
    one = (await described())["paths"][methods[method].path][method.lower()]
    kind = (response.content_type or "").partition(";")[0]
    assert kind in one["responses"][str(response.status)]["content"]
