"""How a route is declared, and how requests are decoded by that declaration.

The OpenAPI document is made from the same declarations, so that it tells what the decoders do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args
from urllib.parse import parse_qs, unquote_to_bytes

import attrs
import msgspec
from msgspec import UNSET, UnsetType

from gossipd.protocol import Answer, KeyReused, LimitExceeded

from ..access import Role
from ..future import Future
from ..http import Request, Response
from ..service import Refused
from .problems import INVALID, KEY_REUSED, LIMIT, NOT_WRITTEN, OUTCOME_UNKNOWN, Failed, Kind

JSON = "application/json"

_UNKNOWN = (
    "the outcome is unknown: the write failed on its way to the disk, and may count or not;"
    " an increment that is repeated may count twice"
)

_VARIABLE = re.compile(r"\{(\w+)\}")

encode = msgspec.json.Encoder(order="sorted").encode

_Query = TypeVar("_Query", bound=msgspec.Struct)
_Body = TypeVar("_Body")


# Parameters


class NoParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class AnyParameters(msgspec.Struct, frozen=True):
    """Parameters that are ignored."""


Ack = Literal["all", "majority", "one", "local"]


class AckAmongOthers(msgspec.Struct, frozen=True):
    """The ack level of a write. Other parameters are ignored."""

    ack: Annotated[
        Ack | UnsetType,
        msgspec.Meta(description="Which nodes must hold the write before it is answered."),
    ] = UNSET

    @property
    def level(self) -> Ack | None:
        """Returns the level, None for the configured one."""
        return None if self.ack is UNSET else self.ack


class AckParameter(AckAmongOthers, frozen=True, forbid_unknown_fields=True):
    """The ack level of a write."""


# Routes


@attrs.define(eq=False)
class Asked(Generic[_Query, _Body]):
    """One request as its route has decoded it. It must not be changed.

    Attributes:
        names: the variable parts of the path, in order.
        query: the parameters.
        body: the body; None if the route has none.
        headers: by lower-case name.
    """

    names: tuple[str, ...]
    query: _Query
    body: _Body
    headers: dict[bytes, bytes]


@attrs.frozen(eq=False)
class Route(Generic[_Query, _Body]):
    """One method of one path.

    Attributes:
        method: the method; HEAD is answered where GET is. All but GET change something.
        path: the path, whose variable parts are names in braces: `/v1/counters/{name}`.
        summary: what it does, in a few words.
        role: which role a client must have, where clients have tokens; None for a route that is
            open to all.
        query: the type of the parameters.
        body: decodes the body; without it a body is ignored.
        no_body: what no body means; None if there must be a body.
        answer: makes the response, or the future of it. Raises Failed for an error.
        result: the type of what the body of the answer holds, None for an answer without a body.
        content_type: the content type of the answer.
        also: further content types of the answer, which hold text.
        statuses: the statuses with which it answers so; others are errors.
        headers: the headers of requests that it reads, each with what it is for.
        problems: the kinds of errors of its own, beside those of all such routes.
        documented: whether it is a route of the original, whose errors are one line of text.
        label: under what its requests are counted: its path, which names no counter.
        no_query: the parameters of a request that has none.
    """

    method: str
    path: str
    summary: str
    role: Role | None = attrs.field(kw_only=True)
    query: type[_Query] = attrs.field(kw_only=True)
    body: msgspec.json.Decoder[_Body] | None = attrs.field(default=None, kw_only=True)
    no_body: _Body | None = attrs.field(default=None, kw_only=True)
    answer: Callable[[Asked[_Query, _Body]], Response | Future[Response]] = attrs.field(
        kw_only=True
    )
    result: Any = attrs.field(default=None, kw_only=True)
    content_type: str = attrs.field(default=JSON, kw_only=True)
    also: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    statuses: tuple[int, ...] = attrs.field(default=(200,), kw_only=True)
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), kw_only=True)
    problems: tuple[Kind, ...] = attrs.field(default=(), kw_only=True)
    documented: bool = attrs.field(default=False, kw_only=True)
    label: str = attrs.field(init=False)
    no_query: _Query = attrs.field(init=False)

    @label.default
    def _label(self) -> str:
        return _VARIABLE.sub(lambda match: match[1].upper(), self.path)

    @no_query.default
    def _no_query(self) -> _Query:
        return msgspec.convert({}, self.query)

    @property
    def variables(self) -> list[str]:
        """Returns the names of the variable parts of the path."""
        return _VARIABLE.findall(self.path)

    def handle(self, request: Request, parts: tuple[str, ...]) -> Response | Future[Response]:
        """Decodes and answers a request. Raises Failed.

        `parts` are the variable parts of its path, as they were sent.
        """
        names = self._names(parts) if parts else ()
        body: Any = None
        if self.body is not None:
            empty = not request.body and self.no_body is not None
            body = self.no_body if empty else decoded(self.body, request.body)
        query = parameters(self.query, request.query) if request.query else self.no_query
        return self.answer(Asked(names, query, body, request.headers))

    def _names(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple([unquote_to_bytes(p).decode() if "%" in p else p for p in parts])
        except UnicodeDecodeError:
            which = " or ".join(self.variables)
            raise Failed(INVALID, f"Invalid request: {which}: must be UTF-8") from None


AnyRoute = Route[Any, Any]


class Router:
    """Finds the routes of a path."""

    def __init__(self, routes: list[AnyRoute]) -> None:
        by_path: dict[str, dict[str, AnyRoute]] = {}
        for route in routes:
            methods = by_path.setdefault(route.path, {})
            methods[route.method] = route
            if route.method == "GET":
                methods["HEAD"] = route
        self._fixed = {path: found for path, found in by_path.items() if "{" not in path}
        # Of the paths with variable parts: those with so many slashes, each as a pattern.
        self._patterns: dict[int, list[tuple[re.Pattern[str], dict[str, AnyRoute]]]] = {}
        for path, methods in by_path.items():
            if "{" in path:
                pattern = re.compile(_VARIABLE.sub("([^/]+)", path))
                self._patterns.setdefault(path.count("/"), []).append((pattern, methods))

    def find(self, path: str) -> tuple[dict[str, AnyRoute], tuple[str, ...]] | None:
        """Returns the routes of a path by method, and its variable parts; None without a route."""
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, ()
        for pattern, methods in self._patterns.get(path.count("/"), ()):
            match = pattern.fullmatch(path)
            if match is not None:
                return methods, match.groups()
        return None


# Reading


# Clients send the same few queries again and again, and the parsing is slow.
@lru_cache(maxsize=256)
def parameters(kind: type[_Query], query: str) -> _Query:
    """Returns the parameters of a query. Raises Failed if they are not what they should be."""
    strict = kind.__struct_config__.forbid_unknown_fields
    names = kind.__struct_fields__
    if not (strict or names):
        return msgspec.convert({}, kind)
    try:
        errors = "strict" if strict else "replace"
        found = parse_qs(query, keep_blank_values=True, errors=errors)
        for name in names:
            if len(found.get(name, ())) > 1:
                raise Failed(INVALID, f"Invalid request: {name} is given more than once")
        return msgspec.convert({name: each[0] for name, each in found.items()}, kind, strict=False)
    except ValueError as error:
        choices = f"; ack is one of {', '.join(get_args(Ack))}" if "ack" in names else ""
        raise Failed(INVALID, f"Invalid request: parameters: {error}{choices}") from None


def decoded(decoder: msgspec.json.Decoder[_Body], body: bytes) -> _Body:
    """Returns the value of a body. Raises Failed if it is not what it should be."""
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise Failed(INVALID, f"Invalid request: {error}") from None


# Answering


def json_response(value: object, *headers: tuple[str, str]) -> Response:
    """Returns the response 200 with a value as JSON."""
    return Response(200, encode(value) + b"\n", JSON, headers)


def held(outcome: Answer | Exception) -> Answer:
    """Returns the answer to a write that counts. Raises Failed for any other.

    A write whose outcome is unknown is answered without `Retry-After`: a client or a proxy that
    follows that header would repeat it.
    """
    if isinstance(outcome, Answer):
        if outcome.holders == 0:
            raise Failed(OUTCOME_UNKNOWN, _UNKNOWN)
        return outcome
    if isinstance(outcome, Refused):
        raise Failed(NOT_WRITTEN, f"nothing was written: {outcome}")
    if isinstance(outcome, LimitExceeded):
        raise Failed(LIMIT, str(outcome))
    if isinstance(outcome, KeyReused):
        raise Failed(KEY_REUSED, str(outcome))
    if isinstance(outcome, ValueError):
        raise Failed(INVALID, f"Invalid request: {outcome}")
    raise outcome


def acks(answer: Answer) -> tuple[str, str]:
    """Returns the header that tells how many hold a write, and how many were asked for."""
    return ("Gossipd-Acks", f"{answer.holders}/{answer.target}")
