"""The routes: what each request asks of the node, and how its outcome is told over HTTP.

The eight documented routes answer errors with one line of text, as clients of the original expect.
Newer routes and unknown paths answer them with RFC 9457 problem details.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, TypeVar
from urllib.parse import parse_qs

import attrs
import msgspec

from gossipd.protocol import ACK_LEVELS, VALUE_LIMIT, Answer, LimitExceeded

from ..future import Future
from ..http import TEXT, Request, Response, text_response
from ..service import Refused, Service
from .cross_site import OwnHosts, is_cross_site

JSON = "application/json"
PROBLEM = "application/problem+json"
METRICS = "text/plain; version=0.0.4; charset=utf-8"

COUNTER = "default"
"""The counter that the documented routes serve."""

RETRY = ("Retry-After", "1")
"""The header of a refusal after which nothing has changed, so that repeating does no harm."""

_UNKNOWN = (
    "the outcome is unknown: the write failed on its way to the disk, and may count or not;"
    " an increment that is repeated may count twice"
)

_FOREIGN_HOST = (
    "this node has not the name in the Host header: ask by its address, or start it with"
    " --allowed-host"
)

UNKNOWN_ROUTE = "unknown"
"""The label under which all unknown paths are counted together, so that labels stay few."""


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
    count: Annotated[int, msgspec.Meta(ge=0, le=VALUE_LIMIT)]


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
    """What a path answers.

    Attributes:
        method: GET, which HEAD may replace, or POST, which changes something.
        answer: makes the response, or the future of it. Raises _Failed for an error.
        documented: whether it is a route of the original, whose errors are one line of text.
    """

    method: str
    answer: Callable[[Request], Response | Future[Response]]
    documented: bool = True


class Api:
    """Answers requests by the table of routes."""

    def __init__(
        self,
        service: Service,
        metrics_page: Callable[[], Future[bytes]],
        requests: dict[tuple[str, int], int],
        hosts: OwnHosts,
    ) -> None:
        """Makes the table.

        Args:
            service: the node behind the routes.
            metrics_page: returns the future of the page of `/metrics`.
            requests: gets the number of answered requests by (route, status).
            hosts: the names under which clients may change something.
        """
        self._service = service
        self._metrics_page = metrics_page
        self._requests = requests
        self._hosts = hosts
        self._routes = {
            "/health": _Route("GET", self._health),
            "/count": _Route("GET", self._count),
            "/increment": _Route("POST", self._increment),
            "/sync": _Route("POST", self._sync),
            "/peers": _Route("GET", self._peers),
            "/register": _Route("POST", self._register),
            "/remove-peer": _Route("POST", self._remove_peer),
            "/discovery": _Route("GET", self._discovery),
            "/livez": _Route("GET", self._livez, documented=False),
            "/readyz": _Route("GET", self._readyz, documented=False),
            "/healthz": _Route("GET", self._healthz, documented=False),
            "/metrics": _Route("GET", self._metrics, documented=False),
        }

    def handle(self, request: Request) -> Response | Future[Response]:
        """Answers one request, by a future only if something must be waited for."""
        route = self._routes.get(request.path)
        try:
            if route is None:
                raise _Failed(404, "there is no such path")
            self._admit(route, request)
            response = route.answer(request)
        except _Failed as failed:
            return self._told(request, route, failed)
        if isinstance(response, Future):
            return response.map(lambda outcome: self._told(request, route, outcome))
        return self._told(request, route, response)

    def _told(
        self, request: Request, route: _Route | None, outcome: Response | Exception
    ) -> Response:
        """Returns the response that tells the outcome, and counts it."""
        if isinstance(outcome, _Failed):
            outcome = _error(route, outcome)
        elif isinstance(outcome, Exception):
            raise outcome
        key = (UNKNOWN_ROUTE if route is None else request.path, outcome.status)
        self._requests[key] = self._requests.get(key, 0) + 1
        return outcome

    def _admit(self, route: _Route, request: Request) -> None:
        if route.method == "GET":
            if request.method not in ("GET", "HEAD"):
                raise _Failed(405, "only GET and HEAD are answered here", ("Allow", "GET, HEAD"))
            return
        if request.method != "POST":
            raise _Failed(405, "only POST is answered here", ("Allow", "POST"))
        if is_cross_site(request.headers):
            raise _Failed(403, "another site's page may not write here")
        if not self._hosts.are_meant(request.headers):
            raise _Failed(421, _FOREIGN_HOST)
        if self._service.draining:
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

    def _increment(self, request: Request) -> Future[Response]:
        answer = self._service.increment(COUNTER, 1, _ack_level(request.query))
        return answer.map(self._incremented)

    def _incremented(self, outcome: Answer | Exception) -> Response:
        answer = _held(outcome)
        body = _encode(_CountAnswer(answer.count, self._service.node_id)) + b"\n"
        return Response(200, body, JSON, (_acks(answer),))

    def _sync(self, request: Request) -> Future[Response]:
        ack = _ack_level(request.query)
        answer = self._service.sync(COUNTER, _decoded(_count_body, request.body).count, ack)
        return answer.map(lambda outcome: Response(200, headers=(_acks(_held(outcome)),)))

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

    def _metrics(self, request: Request) -> Future[Response]:
        return self._metrics_page().map(_page)

    def _unready(self) -> str | None:
        return "this node is stopping" if self._service.draining else self._service.trouble()

    def _in_words(self, unready: str | None = None) -> Response:
        """Returns the verbose page. Its status is 503 if `unready` says why."""
        statistics = self._service.statistics()
        members = ", ".join(f"{n} {state}" for state, n in sorted(statistics.members.items()))
        reason = self._unready()
        text = (
            f"node:         {self._service.node_id}\n"
            f"cluster id:   {statistics.cluster or 'none yet'}\n"
            f"members:      {members or 'none'}\n"
            f"local health: {statistics.local_health} (0 is best)\n"
            f"ready:        {'yes' if reason is None else 'no, ' + reason}\n"
        )
        for number, seed in enumerate(statistics.seeds):
            text += f"{'' if number else 'seeds:':<13} {seed.name}: {seed.reason}\n"
        headers = () if unready is None else (RETRY,)
        return Response(200 if unready is None else 503, text.encode(), TEXT, headers)


def _json(value: object) -> Response:
    return Response(200, _encode(value) + b"\n", JSON)


def _page(outcome: bytes | Exception) -> Response:
    if isinstance(outcome, Exception):
        raise outcome
    return Response(200, outcome, METRICS)


def _error(route: _Route | None, failed: _Failed) -> Response:
    if route is not None and route.documented:
        return text_response(failed.status, str(failed), *failed.headers)
    problem = _Problem(str(failed), failed.status, HTTPStatus(failed.status).phrase)
    return Response(failed.status, _encode(problem) + b"\n", PROBLEM, failed.headers)


def _held(outcome: Answer | Exception) -> Answer:
    """Returns the answer to a write that counts. Raises _Failed for any other.

    A write whose outcome is unknown is answered without `Retry-After`: a client or a proxy that
    follows that header would repeat it.
    """
    if isinstance(outcome, Refused):
        raise _Failed(503, f"nothing was written: {outcome}", RETRY)
    if isinstance(outcome, LimitExceeded):
        raise _Failed(409, str(outcome))
    if isinstance(outcome, Exception):
        raise outcome
    if outcome.holders == 0:
        raise _Failed(503, _UNKNOWN)
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


# Clients send the same few queries again and again, and the parsing is slow.
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
