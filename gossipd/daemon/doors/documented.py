"""The eight documented routes, which answer as those of the original do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec

from gossipd.protocol import DEFAULT, VALUE_LIMIT, Answer

from ..future import Future
from ..http import Response
from ..service import Service
from .problems import INVALID, Failed
from .routes import (
    JSON,
    AckAmongOthers,
    AnyParameters,
    AnyRoute,
    Asked,
    Route,
    acks,
    encode,
    held,
    json_response,
)


class NodeAnswer(msgspec.Struct):
    """Which node answers."""

    node_id: str
    status: str


class CountAnswer(msgspec.Struct):
    """The value of the counter `default` at one node."""

    count: int
    node_id: str


class DiscoveryAnswer(msgspec.Struct):
    """A node and its peers."""

    node_id: str
    peers: list[str]


class CountBody(msgspec.Struct):
    """The value to which the counter `default` is to be raised."""

    count: Annotated[int, msgspec.Meta(ge=0, le=VALUE_LIMIT)]


class PeerBody(msgspec.Struct):
    """A peer."""

    id: Annotated[str, msgspec.Meta(min_length=1)]


_Plain = Asked[AnyParameters, None]


class DocumentedRoutes:
    """The routes of the original."""

    def __init__(self, service: Service) -> None:
        self._service = service
        peer, count = msgspec.json.Decoder(PeerBody), msgspec.json.Decoder(CountBody)
        self.routes: list[AnyRoute] = [
            self._read("/health", "Tells that the node runs", self._health, NodeAnswer),
            self._read("/count", "Tells the value of `default`", self._count, CountAnswer),
            self._read("/peers", "Lists the live peers", self._peers, list[str]),
            self._read("/discovery", "Tells node and peers", self._discovery, DiscoveryAnswer),
            Route(
                "POST",
                "/increment",
                "Adds 1 to `default`",
                role="count",
                query=AckAmongOthers,
                answer=self._increment,
                result=CountAnswer,
                documented=True,
            ),
            Route(
                "POST",
                "/sync",
                "Raises `default` to a value",
                role="count",
                query=AckAmongOthers,
                body=count,
                answer=self._sync,
                documented=True,
            ),
            Route(
                "POST",
                "/register",
                "Lists and contacts a peer",
                role="admin",
                query=AnyParameters,
                body=peer,
                answer=self._register,
                documented=True,
            ),
            Route(
                "POST",
                "/remove-peer",
                "Ignores a peer until it is registered again",
                role="admin",
                query=AnyParameters,
                body=peer,
                answer=self._remove_peer,
                documented=True,
            ),
        ]

    def _read(
        self, path: str, summary: str, answer: Callable[[_Plain], Response], result: object
    ) -> AnyRoute:
        return Route(
            "GET",
            path,
            summary,
            role="read",
            query=AnyParameters,
            answer=answer,
            result=result,
            documented=True,
        )

    def _health(self, asked: _Plain) -> Response:
        return json_response(NodeAnswer(self._service.node_id, "ok"))

    def _count(self, asked: _Plain) -> Response:
        return json_response(CountAnswer(self._service.count(DEFAULT), self._service.node_id))

    def _peers(self, asked: _Plain) -> Response:
        return json_response(self._service.peers())

    def _discovery(self, asked: _Plain) -> Response:
        return json_response(DiscoveryAnswer(self._service.node_id, self._service.peers()))

    def _increment(self, asked: Asked[AckAmongOthers, None]) -> Future[Response]:
        return self._service.increment(DEFAULT, 1, asked.query.level).map(self._incremented)

    def _incremented(self, outcome: Answer | Exception) -> Response:
        answer = held(outcome)
        body = encode(CountAnswer(answer.count, self._service.node_id)) + b"\n"
        return Response(200, body, JSON, (acks(answer),))

    def _sync(self, asked: Asked[AckAmongOthers, CountBody]) -> Future[Response]:
        answer = self._service.sync(asked.body.count, asked.query.level)
        return answer.map(lambda outcome: Response(200, headers=(acks(held(outcome)),)))

    def _register(self, asked: Asked[AnyParameters, PeerBody]) -> Response:
        return _done(self._service.register, asked.body.id)

    def _remove_peer(self, asked: Asked[AnyParameters, PeerBody]) -> Response:
        return _done(self._service.remove, asked.body.id)


def _done(act: Callable[[str], None], peer: str) -> Response:
    try:
        act(peer)
    except ValueError as error:
        raise Failed(INVALID, f"Invalid request: {error}") from None
    return Response(200)
