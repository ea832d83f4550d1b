"""The description of all routes as an OpenAPI 3.1 document, made from their declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec

from gossipd.version import __version__

from ..access import ROLES
from ..http import Response
from .problems import (
    CROSS_SITE,
    FORBIDDEN,
    FOREIGN_HOST,
    INVALID,
    KEY_REUSED,
    LIMIT,
    NO_SUCH_PATH,
    NOT_WRITTEN,
    OUTCOME_UNKNOWN,
    PROBLEM,
    STOPPING,
    UNAUTHORIZED,
    Kind,
    Problem,
)
from .routes import JSON, AckAmongOthers, AnyParameters, AnyRoute, Asked, Route, encode

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"

_BY_THE_SERVER = (400, 408, 413, 414, 431, 503)
"""The statuses with which the HTTP server refuses a request before it looks at its path."""

_TOKEN = "token"
_SCHEME: Json = {
    "type": "http",
    "scheme": "bearer",
    "description": "Where the node has a token file. The scope of an operation is the role that the"
    " token must have; " + "; ".join(f"{role}: {text}" for role, text in ROLES.items()) + ".",
}

_TEXT_CONTENT = {"text/plain": {"schema": {"type": "string"}}}


def description_route(routes: list[AnyRoute]) -> AnyRoute:
    """Returns the route of the document, which describes `routes`, itself among them."""

    @cache
    def made() -> bytes:
        return encode(document(routes)) + b"\n"

    def answer(asked: Asked[AnyParameters, None]) -> Response:
        return Response(200, made(), JSON)

    return Route(
        "GET",
        "/openapi.json",
        "Describes all routes",
        role="read",
        query=AnyParameters,
        answer=answer,
        result=Json,
    )


def document(routes: Sequence[AnyRoute]) -> Json:
    """Returns the document that describes routes."""
    types = _types(routes)
    schemas, named = msgspec.json.schema_components([*types, Problem], ref_template=_REF)
    schema_of = {id(kind): schema for kind, schema in zip(types, schemas, strict=False)}
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "gossipd",
            "version": __version__,
            "description": "A small daemon that knows which nodes are alive and counts with them.",
        },
        "paths": paths,
        "components": {"schemas": named, "securitySchemes": {_TOKEN: _SCHEME}},
    }


def _types(routes: Sequence[AnyRoute]) -> list[Any]:
    """Returns the types of all bodies and answers that are JSON."""
    bodies = [route.body.type for route in routes if route.body is not None]
    return bodies + [route.result for route in routes if route.result not in (None, str)]


def _operation(route: AnyRoute, schema_of: dict[int, Json]) -> Json:
    described: Json = {
        "operationId": re.sub(r"\W+", "_", route.method.lower() + route.label).lower(),
        "summary": route.summary,
        "parameters": [*_parameters(route)],
        "responses": _responses(route, schema_of),
        "security": [] if route.role is None else [{}, {_TOKEN: [route.role]}],
    }
    if route.body is not None:
        described["requestBody"] = {
            "required": route.no_body is None,
            "content": {JSON: {"schema": schema_of[id(route.body.type)]}},
        }
    return described


def _parameters(route: AnyRoute) -> Iterator[Json]:
    for name in route.variables:
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    _, found = msgspec.json.schema_components([route.query], ref_template=_REF)
    for name, schema in found[route.query.__name__]["properties"].items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}
    for name, text in route.headers:
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "header", "description": text, "schema": schema}


def _responses(route: AnyRoute, schema_of: dict[int, Json]) -> Json:
    responses: Json = {}
    for status in route.statuses:
        answer = responses[str(status)] = {"description": HTTPStatus(status).phrase}
        if route.result is not None:
            schema = {"type": "string"} if route.result is str else schema_of[id(route.result)]
            media = [(_media(route.content_type), schema)]
            media += [(_media(each), {"type": "string"}) for each in route.also]
            answer["content"] = {kind: {"schema": each} for kind, each in media}
        if issubclass(route.query, AckAmongOthers):
            answer["headers"] = {
                "Gossipd-Acks": {
                    "description": "How many nodes hold the write, and how many were asked for.",
                    "schema": {"type": "string", "pattern": "^[0-9]+/[0-9]+$"},
                }
            }
    for kind in _kinds(route):
        content = {} if route.documented else {PROBLEM: _problem()}
        _add(responses, kind.status, kind.title, content)
    for status in _BY_THE_SERVER:
        _add(responses, status, HTTPStatus(status).phrase, _TEXT_CONTENT)
    return responses


def _add(responses: Json, status: int, text: str, content: Json) -> None:
    answer = responses.setdefault(str(status), {"description": text})
    answer["content"] = {**content, **_TEXT_CONTENT, **answer.get("content", {})}


def _problem() -> Json:
    return {"schema": {"$ref": _REF.format(name=Problem.__name__)}}


def _kinds(route: AnyRoute) -> Iterator[Kind]:
    """Yields the kinds of errors that a route may answer; 405 belongs to no route."""
    if route.role is not None:
        yield from (UNAUTHORIZED, FORBIDDEN)
    if route.body is not None or route.query is not AnyParameters:
        yield INVALID
    if route.variables:
        # Clients and proxies shorten paths in which a name is `.` or `..`.
        yield NO_SUCH_PATH
    if route.method != "GET":
        yield from (CROSS_SITE, FOREIGN_HOST, STOPPING)
    if issubclass(route.query, AckAmongOthers):
        yield from (LIMIT, KEY_REUSED, NOT_WRITTEN, OUTCOME_UNKNOWN)
    if 503 in route.statuses:
        yield STOPPING
    yield from route.problems


def _media(content_type: str) -> str:
    return content_type.partition(";")[0]
