"""How requests are decoded by the declaration of their route, and how outcomes are told."""

from __future__ import annotations

from typing import Annotated, get_args

import msgspec
import pytest

from gossipd.daemon.doors.problems import (
    INVALID,
    LIMIT,
    NOT_WRITTEN,
    OUTCOME_UNKNOWN,
    Failed,
    Kind,
)
from gossipd.daemon.doors.routes import (
    Ack,
    AckAmongOthers,
    AckParameter,
    AnyParameters,
    AnyRoute,
    Asked,
    NoParameters,
    Route,
    Router,
    acks,
    held,
    parameters,
)
from gossipd.daemon.http import Request, Response
from gossipd.daemon.service import Refused
from gossipd.protocol import ACK_LEVELS, Answer, LimitExceeded


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of a test."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=9)] = 5
    text: str = ""


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """A body of a test."""

    amount: int


def route(method: str, path: str, **more: object) -> AnyRoute:
    """A route that remembers in its answer what it was asked."""

    def answer(asked: Asked[msgspec.Struct, object]) -> Response:
        return Response(200, repr((asked.names, asked.query, asked.body)).encode())

    fields = {"role": None, "query": NoParameters, "answer": answer, **more}
    return Route(method, path, "", **fields)  # type: ignore[arg-type]


def answered(of: AnyRoute, *parts: str, query: str = "", body: bytes = b"") -> str:
    """What a route answers."""
    response = of.handle(Request("POST", "", query, {}, body), parts)
    assert isinstance(response, Response)
    return response.body.decode()


READ, DELETE = route("GET", "/v1/things/{name}"), route("DELETE", "/v1/things/{name}")
PARTS = route("PUT", "/v1/things/{name}/parts/{part}")
ROUTER = Router([route("GET", "/v1/things"), READ, DELETE, PARTS])


@pytest.mark.parametrize(
    ("path", "methods", "parts"),
    [
        ("/v1/things", ["GET", "HEAD"], ()),
        ("/v1/things/a", ["GET", "HEAD", "DELETE"], ("a",)),
        ("/v1/things/a%2Fb", ["GET", "HEAD", "DELETE"], ("a%2Fb",)),
        ("/v1/things/a/parts/b", ["PUT"], ("a", "b")),
    ],
)
def test_a_path_has_routes_by_method(path: str, methods: list[str], parts: tuple[str]) -> None:
    """With its variable parts, as they were sent."""
    found = ROUTER.find(path)
    assert found is not None
    assert (methods, parts) == ([*found[0]], found[1])


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/v1", "/v1/things/", "/v1/thingsa", "/v2/things/a", "/v1/things/a/"),
        *("/v1/things/a/parts", "/v1/things/a/parts/", "/v1/things/a/others/b", "//things/a"),
    ],
)
def test_a_path_without_routes(path: str) -> None:
    """A variable part is never empty."""
    assert ROUTER.find(path) is None


def test_requests_are_counted_by_route() -> None:
    """And not by what stands in the path, which would be a label for each."""
    assert "/v1/things/NAME/parts/PART" == PARTS.label


def test_names_in_the_path_are_decoded() -> None:
    """They are UTF-8, percent-encoded."""
    assert answered(PARTS, "a%2Fb%20c", "d%C3%ADa").startswith("(('a/b c', 'día')")
    with pytest.raises(Failed, match="name or part: must be UTF-8"):
        answered(PARTS, "%FF", "b")


def test_a_body_is_decoded() -> None:
    """One that is missing means what the route says, if it says anything."""
    decoder = msgspec.json.Decoder(Body)
    strict, lenient = route("POST", "/", body=decoder), route("POST", "/", body=decoder, no_body=7)
    assert "Body(amount=5)" in answered(strict, body=b'{"amount":5}')
    assert "7)" in answered(lenient)
    for body, says in ((b"", "Input"), (b'{"amount":5,"more":1}', "more"), (b"[" * 9999, "")):
        with pytest.raises(Failed, match=f"^Invalid request: .*{says}"):
            answered(strict, body=body)


def test_a_body_that_nobody_wants_is_ignored() -> None:
    """As the original does."""
    assert answered(route("POST", "/"), body=b"\xff").endswith(", None)")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", Wanted()),
        ("limit=9", Wanted(9)),
        ("text=", Wanted()),
        ("limit=1&text=a%20b%C3%AD+c", Wanted(1, "a bí c")),
    ],
)
def test_parameters_are_decoded(query: str, found: Wanted) -> None:
    """By their types."""
    assert found == parameters(Wanted, query)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        *(("limit=10", "limit"), ("limit=x", "limit"), ("limit=", "limit"), ("limit=0", "limit")),
        ("limit=1&limit=1", "limit is given more than once"),
        *(("more=1", "more"), ("Limit=1", "Limit"), ("text=%FF", "decode")),
    ],
)
def test_parameters_that_are_wrong_are_named(query: str, says: str) -> None:
    """So are those that do not exist."""
    with pytest.raises(Failed, match=says) as failed:
        parameters(Wanted, query)
    assert INVALID is failed.value.kind


def test_older_routes_ignore_other_parameters() -> None:
    """As they always did."""
    assert AnyParameters() == parameters(AnyParameters, "a=1&a=2&b=%FF")
    assert "one" == parameters(AckAmongOthers, "a=1&a=2&ack=one&b=%FF").level


def test_ack_levels() -> None:
    """They are those of the protocol, and an error names them all."""
    assert ACK_LEVELS == get_args(Ack)
    assert [*ACK_LEVELS, None] == [
        parameters(AckParameter, query).level for query in (*(f"ack={a}" for a in ACK_LEVELS), "")
    ]
    for wrong in ("most", "", "null", "ALL"):
        with pytest.raises(Failed, match="ack is one of all, majority, one, local"):
            parameters(AckParameter, f"ack={wrong}")


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Refused("the disk is full"), NOT_WRITTEN),
        (Answer(1, 5, 0, 3), OUTCOME_UNKNOWN),
        (LimitExceeded("too many"), LIMIT),
        (ValueError("name: must not be empty"), INVALID),
    ],
)
def test_a_write_that_does_not_count_fails_with_its_reason(
    outcome: Answer | Exception, kind: Kind
) -> None:
    """Only one that was refused before anything was written may be repeated as it is."""
    with pytest.raises(Failed) as failed:
        held(outcome)
    assert kind is failed.value.kind


def test_an_answer_tells_who_holds_the_write() -> None:
    """Of as many as its ack level asks for."""
    assert ("Gossipd-Acks", "2/3") == acks(held(Answer(1, 5, 2, 3)))


def test_any_other_error_is_not_told_to_clients() -> None:
    """The server logs it."""
    with pytest.raises(RuntimeError, match="broken"):
        held(RuntimeError("broken"))
