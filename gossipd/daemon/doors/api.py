"""The routes: what each request asks of the node, and how its outcome is told over HTTP.

The eight documented routes answer errors with one line of text, as clients of the original expect.
Newer routes and unknown paths answer them with RFC 9457 problem details.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qs

import msgspec

from gossipd.protocol import DEFAULT, VALUE_LIMIT, Answer

from ..future import Future
from ..http import TEXT, Request, Response, text_response
from ..service import Service
from .counters import CounterRoutes
from .cross_site import OwnHosts, is_cross_site
from .routes import (
    JSON,
    RETRY,
    Failed,
    Route,
    ack_level,
    acks,
    decoded,
    encode,
    held,
    json_response,
)

PROBLEM = "application/problem+json"
METRICS = "text/plain; version=0.0.4; charset=utf-8"

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


class _KeysAnswer(msgspec.Struct):
    accepts_open: bool
    members: dict[str, str | None]
    node_id: str
    opens: list[str]
    seals: str | None


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
        self._counters = CounterRoutes(service)
        self._metrics_page = metrics_page
        self._requests = requests
        self._hosts = hosts
        self._routes = {
            "/health": Route("GET", self._health),
            "/count": Route("GET", self._count),
            "/increment": Route("POST", self._increment),
            "/sync": Route("POST", self._sync),
            "/peers": Route("GET", self._peers),
            "/register": Route("POST", self._register),
            "/remove-peer": Route("POST", self._remove_peer),
            "/discovery": Route("GET", self._discovery),
            "/livez": Route("GET", self._livez, documented=False),
            "/readyz": Route("GET", self._readyz, documented=False),
            "/healthz": Route("GET", self._healthz, documented=False),
            "/v1/keys": Route("GET", self._keys, documented=False),
            "/metrics": Route("GET", self._metrics, documented=False),
        }

    def handle(self, request: Request) -> Response | Future[Response]:
        """Answers one request, by a future only if something must be waited for."""
        route = self._routes.get(request.path) or self._counters.find(request.path)
        try:
            if route is None:
                raise Failed(404, "there is no such path")
            self._admit(route, request)
            response = route.answer(request)
        except Failed as failed:
            return self._told(request, route, failed)
        if isinstance(response, Future):
            return response.map(lambda outcome: self._told(request, route, outcome))
        return self._told(request, route, response)

    def _told(
        self, request: Request, route: Route | None, outcome: Response | Exception
    ) -> Response:
        """Returns the response that tells the outcome, and counts it."""
        if isinstance(outcome, Failed):
            outcome = _error(route, outcome)
        elif isinstance(outcome, Exception):
            raise outcome
        label = UNKNOWN_ROUTE if route is None else route.label or request.path
        key = (label, outcome.status)
        self._requests[key] = self._requests.get(key, 0) + 1
        return outcome

    def _admit(self, route: Route, request: Request) -> None:
        if route.method == "GET":
            if request.method not in ("GET", "HEAD"):
                raise Failed(405, "only GET and HEAD are answered here", ("Allow", "GET, HEAD"))
            return
        if request.method != "POST":
            raise Failed(405, "only POST is answered here", ("Allow", "POST"))
        if is_cross_site(request.headers):
            raise Failed(403, "another site's page may not write here")
        if not self._hosts.are_meant(request.headers):
            raise Failed(421, _FOREIGN_HOST)
        if self._service.draining:
            raise Failed(503, "this node is stopping", RETRY)

    # The documented routes

    def _health(self, request: Request) -> Response:
        return json_response(_NodeAnswer(self._service.node_id, "ok"))

    def _count(self, request: Request) -> Response:
        return json_response(_CountAnswer(self._service.count(DEFAULT), self._service.node_id))

    def _peers(self, request: Request) -> Response:
        return json_response(self._service.peers())

    def _discovery(self, request: Request) -> Response:
        return json_response(_DiscoveryAnswer(self._service.node_id, self._service.peers()))

    def _increment(self, request: Request) -> Future[Response]:
        answer = self._service.increment(DEFAULT, 1, ack_level(request.query))
        return answer.map(self._incremented)

    def _incremented(self, outcome: Answer | Exception) -> Response:
        answer = held(outcome)
        body = encode(_CountAnswer(answer.count, self._service.node_id)) + b"\n"
        return Response(200, body, JSON, (acks(answer),))

    def _sync(self, request: Request) -> Future[Response]:
        ack = ack_level(request.query)
        answer = self._service.sync(decoded(_count_body, request.body).count, ack)
        return answer.map(lambda outcome: Response(200, headers=(acks(held(outcome)),)))

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
            raise Failed(503, reason, RETRY)
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
        return Response(200 if reason is None else 503, encode(answer) + b"\n", JSON)

    def _keys(self, request: Request) -> Response:
        keys, node_id = self._service.keys(), self._service.node_id
        if keys is None:
            return json_response(_KeysAnswer(False, {}, node_id, [], None))
        answer = _KeysAnswer(keys.accepts_open, keys.members, node_id, keys.opens, keys.seals)
        return json_response(answer)

    def _metrics(self, request: Request) -> Future[Response]:
        return self._metrics_page().map(_page)

    def _unready(self) -> str | None:
        return "this node is stopping" if self._service.draining else self._service.trouble()

    def _in_words(self, unready: str | None = None) -> Response:
        """Returns the verbose page. Its status is 503 if `unready` says why."""
        statistics = self._service.statistics()
        members = ", ".join(f"{n} {state}" for state, n in sorted(statistics.members.items()))
        reason, keys = self._unready(), self._service.keys()
        text = (
            f"node:         {self._service.node_id}\n"
            f"cluster id:   {statistics.cluster or 'none yet'}\n"
            f"members:      {members or 'none'}\n"
            f"local health: {statistics.local_health} (0 is best)\n"
            f"gossip:       {'open' if keys is None else keys.in_words()}\n"
            f"ready:        {'yes' if reason is None else 'no, ' + reason}\n"
        )
        for number, seed in enumerate(statistics.seeds):
            text += f"{'' if number else 'seeds:':<13} {seed.name}: {seed.reason}\n"
        headers = () if unready is None else (RETRY,)
        return Response(200 if unready is None else 503, text.encode(), TEXT, headers)


def _page(outcome: bytes | Exception) -> Response:
    if isinstance(outcome, Exception):
        raise outcome
    return Response(200, outcome, METRICS)


def _error(route: Route | None, failed: Failed) -> Response:
    if route is not None and route.documented:
        return text_response(failed.status, str(failed), *failed.headers)
    problem = _Problem(str(failed), failed.status, HTTPStatus(failed.status).phrase)
    return Response(failed.status, encode(problem) + b"\n", PROBLEM, failed.headers)


def _named(act: Callable[[str], None], body: bytes) -> Response:
    name = decoded(_peer_body, body).id
    try:
        act(name)
    except ValueError as error:
        raise Failed(400, f"Invalid request: {error}") from None
    return Response(200)


def _is_verbose(query: str) -> bool:
    return parse_qs(query, keep_blank_values=True).get("verbose", ["no"])[-1] in ("", "1", "true")
