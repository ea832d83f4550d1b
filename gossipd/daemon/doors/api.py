"""The routes: what each request means to the node, and how its outcome is told over HTTP.

The eight documented routes answer errors with one line of text, as clients of the original expect.
Newer routes and unknown paths answer them with RFC 9457 problem details.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, Protocol, TypeVar
from urllib.parse import parse_qs

import attrs
import msgspec

from gossipd.protocol import Answer, LimitExceeded, Statistics

from ..future import Later
from ..http.messages import TEXT, Request, Response, text_response
from .cross_site import is_cross_site

JSON = "application/json"
PROBLEM = "application/problem+json"
METRICS = "text/plain; version=0.0.4; charset=utf-8"

COUNTER = "default"
"""The counter that the documented routes serve."""

MAX_COUNT = 2**53 - 1
"""The largest integer that every JSON client reads exactly."""

ACK_LEVELS = ("all", "majority", "one", "local")

RETRY = ("Retry-After", "1")

UNKNOWN_ROUTE = "unknown"
"""What stands in `Api.requests` for every path without a route, of which there is no end."""


class Service(Protocol):
    """What the routes ask of the running node."""

    @property
    def node_id(self) -> str:
        """The advertised `host:port`."""

    @property
    def draining(self) -> bool:
        """Whether the daemon is stopping and takes no more writes."""

    def count(self, name: str) -> int:
        """The present value of a counter."""

    def peers(self) -> list[str]:
        """The ids of live peers, sorted, without this node."""

    def increment(self, name: str, amount: int, ack: str | None) -> Later[Answer]:
        """Adds `amount`. `ack` is one of `ACK_LEVELS`, or None for the configured level.

        LimitExceeded instead of an answer: the value would pass its limit; nothing was counted.
        """

    def sync(self, name: str, value: int, ack: str | None) -> Later[Answer]:
        """Raises the counter to `value` if it is lower.

        LimitExceeded instead of an answer: it takes no more such values; nothing was changed.
        """

    def register(self, text: str) -> None:
        """Lists and contacts a peer.

        Raises:
            ValueError: with one line, if `text` names no peer.
        """

    def remove(self, text: str) -> None:
        """Hides a peer until it is registered again; an unknown one is no error.

        Raises:
            ValueError: with one line, if `text` names no peer.
        """

    def statistics(self) -> Statistics:
        """A snapshot of what the protocol counts."""

    def ready(self) -> str | None:
        """None if the node can take writes, else one line that says why not."""


class _NodeAnswer(msgspec.Struct):
    node_id: str
    status: str


class _CountAnswer(msgspec.Struct):
    count: int
    node_id: str


class _DiscoveryAnswer(msgspec.Struct):
    node_id: str
    peers: list[str]


class _HealthAnswer(msgspec.Struct):
    local_health: int
    members: dict[str, int]
    node_id: str
    reason: str | None
    status: str


class _Problem(msgspec.Struct):
    detail: str
    status: int
    title: str
    type: str = "about:blank"


class _CountBody(msgspec.Struct):
    count: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]


class _PeerBody(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(min_length=1)]


_count_body = msgspec.json.Decoder(_CountBody)
_peer_body = msgspec.json.Decoder(_PeerBody)
_encode = msgspec.json.Encoder(order="sorted").encode

_Body = TypeVar("_Body")


class _Failed(Exception):
    """Ends a request with an error."""

    def __init__(self, status: int, detail: str, *headers: tuple[str, str]) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers


@attrs.frozen
class _Route:
    method: str
    answer: Callable[[Request], Response | Later[Response] | Awaitable[Response]]
    documented: bool
    writes: bool


class Api:
    """Answers requests by the route table.

    Attributes:
        requests: how many were answered, by (route, status).
    """

    def __init__(
        self,
        service: Service,
        render_metrics: Callable[[], Awaitable[bytes]],
        requests: dict[tuple[str, int], int],
    ) -> None:
        """Makes the table.

        Args:
            service: the node behind the routes.
            render_metrics: returns the page of `/metrics`.
            requests: where answers are counted.
        """
        self.requests = requests
        self._service = service
        self._render_metrics = render_metrics
        self._routes = {
            "/health": _Route("GET", self._health, True, False),
            "/count": _Route("GET", self._count, True, False),
            "/increment": _Route("POST", self._increment, True, True),
            "/sync": _Route("POST", self._sync, True, True),
            "/peers": _Route("GET", self._peers, True, False),
            "/register": _Route("POST", self._register, True, True),
            "/remove-peer": _Route("POST", self._remove_peer, True, True),
            "/discovery": _Route("GET", self._discovery, True, False),
            "/livez": _Route("GET", self._livez, False, False),
            "/readyz": _Route("GET", self._readyz, False, False),
            "/healthz": _Route("GET", self._healthz, False, False),
            "/metrics": _Route("GET", self._metrics, False, False),
        }

    def handle(self, request: Request) -> Response | Later[Response] | Awaitable[Response]:
        """Answers one request, at once where nothing must be waited for."""
        route = self._routes.get(request.path)
        try:
            if route is None:
                raise _Failed(404, "there is no such path")
            self._admit(route, request)
            response = route.answer(request)
        except _Failed as failed:
            response = _error(route, failed)
        if isinstance(response, Response):
            return self._counted(request, route, response)
        if isinstance(response, Later):
            # It is counted by `_told`.
            return response
        return self._wait(request, route, response)

    def _told(
        self, request: Request, outcome: Answer | Exception, tell: Callable[[Answer], Response]
    ) -> Response:
        route = self._routes[request.path]
        try:
            response = tell(_held(outcome))
        except _Failed as failed:
            response = _error(route, failed)
        return self._counted(request, route, response)

    async def _wait(
        self, request: Request, route: _Route | None, waiting: Awaitable[Response]
    ) -> Response:
        return self._counted(request, route, await waiting)

    def _counted(self, request: Request, route: _Route | None, response: Response) -> Response:
        key = (UNKNOWN_ROUTE if route is None else request.path, response.status)
        self.requests[key] = self.requests.get(key, 0) + 1
        return response

    def _admit(self, route: _Route, request: Request) -> None:
        if route.method == "GET":
            if request.method not in ("GET", "HEAD"):
                raise _Failed(405, "only GET and HEAD are answered here", ("Allow", "GET, HEAD"))
            return
        if request.method != "POST":
            raise _Failed(405, "only POST is answered here", ("Allow", "POST"))
        if is_cross_site(request.headers):
            raise _Failed(403, "another site's page may not write here")
        if route.writes and self._service.draining:
            raise _Failed(503, "this node is stopping", RETRY)

    # The documented routes

    def _health(self, request: Request) -> Response:
        return _json(_NodeAnswer(self._service.node_id, "ok"))

    def _count(self, request: Request) -> Response:
        return _json(_CountAnswer(self._service.count(COUNTER), self._service.node_id))

    def _peers(self, request: Request) -> Response:
        return _json(self._service.peers())

    def _discovery(self, request: Request) -> Response:
        return _json(_DiscoveryAnswer(self._service.node_id, self._service.peers()))

    def _increment(self, request: Request) -> Later[Response]:
        later = self._service.increment(COUNTER, 1, _ack_level(request.query))
        return later.map(lambda outcome: self._told(request, outcome, self._incremented))

    def _incremented(self, answer: Answer) -> Response:
        body = _encode(_CountAnswer(answer.count, self._service.node_id)) + b"\n"
        return Response(200, body, JSON, (_acks(answer),))

    def _sync(self, request: Request) -> Later[Response]:
        ack = _ack_level(request.query)
        later = self._service.sync(COUNTER, _decoded(_count_body, request.body).count, ack)
        return later.map(lambda outcome: self._told(request, outcome, _synced))

    def _register(self, request: Request) -> Response:
        return _named(self._service.register, request.body)

    def _remove_peer(self, request: Request) -> Response:
        return _named(self._service.remove, request.body)

    # The newer routes

    def _livez(self, request: Request) -> Response:
        return self._in_words() if _is_verbose(request.query) else text_response(200, "ok")

    def _readyz(self, request: Request) -> Response:
        reason = self._unready()
        if _is_verbose(request.query):
            return self._in_words(reason)
        if reason is not None:
            raise _Failed(503, reason, RETRY)
        return text_response(200, "ok")

    def _healthz(self, request: Request) -> Response:
        reason = self._unready()
        if _is_verbose(request.query):
            return self._in_words(reason)
        statistics = self._service.statistics()
        answer = _HealthAnswer(
            local_health=statistics.local_health,
            members=statistics.members,
            node_id=self._service.node_id,
            reason=reason,
            status="ok" if reason is None else "not ready",
        )
        return Response(200 if reason is None else 503, _encode(answer) + b"\n", JSON)

    async def _metrics(self, request: Request) -> Response:
        return Response(200, await self._render_metrics(), METRICS)

    def _unready(self) -> str | None:
        return "this node is stopping" if self._service.draining else self._service.ready()

    def _in_words(self, unready: str | None = None) -> Response:
        """Returns the verbose page; its status is 503 if `unready` says why."""
        statistics = self._service.statistics()
        members = ", ".join(f"{n} {state}" for state, n in sorted(statistics.members.items()))
        reason = self._unready()
        text = (
            f"node:         {self._service.node_id}\n"
            f"members:      {members or 'none'}\n"
            f"local health: {statistics.local_health} (0 is best)\n"
            f"ready:        {'yes' if reason is None else 'no, ' + reason}\n"
        )
        headers = () if unready is None else (RETRY,)
        return Response(200 if unready is None else 503, text.encode(), TEXT, headers)


def _json(value: object) -> Response:
    return Response(200, _encode(value) + b"\n", JSON)


def _error(route: _Route | None, failed: _Failed) -> Response:
    if route is not None and route.documented:
        return text_response(failed.status, str(failed), *failed.headers)
    problem = _Problem(str(failed), failed.status, HTTPStatus(failed.status).phrase)
    return Response(failed.status, _encode(problem) + b"\n", PROBLEM, failed.headers)


def _synced(answer: Answer) -> Response:
    return Response(200, headers=(_acks(answer),))


def _held(outcome: Answer | Exception) -> Answer:
    if isinstance(outcome, LimitExceeded):
        raise _Failed(409, str(outcome))
    if isinstance(outcome, Exception):
        raise outcome
    if outcome.holders == 0:
        raise _Failed(503, "the write could not be stored", RETRY)
    return outcome


def _acks(answer: Answer) -> tuple[str, str]:
    return ("Gossipd-Acks", f"{answer.holders}/{answer.target}")


def _named(act: Callable[[str], None], body: bytes) -> Response:
    name = _decoded(_peer_body, body).id
    try:
        act(name)
    except ValueError as error:
        raise _Failed(400, f"Invalid request: {error}") from None
    return Response(200)


def _decoded(decoder: msgspec.json.Decoder[_Body], body: bytes) -> _Body:
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise _Failed(400, f"Invalid request: {error}") from None


# Clients send the same few queries again and again.
@lru_cache(maxsize=64)
def _ack_level(query: str) -> str | None:
    if not query:
        return None
    levels = parse_qs(query, keep_blank_values=True).get("ack")
    if levels is None:
        return None
    if len(levels) != 1 or levels[0] not in ACK_LEVELS:
        raise _Failed(400, f"Invalid request: ack is one of {', '.join(ACK_LEVELS)}")
    return levels[0]


def _is_verbose(query: str) -> bool:
    return parse_qs(query, keep_blank_values=True).get("verbose", ["no"])[-1] in ("", "1", "true")
