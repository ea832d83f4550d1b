"""The routes of operators: to join, to forget a member, to read files again, and to leave."""

from __future__ import annotations

from typing import Any

import msgspec

from ..http import Response
from ..operations import Operations, Reloaded
from ..service import Service
from .documented import PeerBody
from .problems import INVALID, NO_SUCH_MEMBER, NOT_GONE, Failed, Kind
from .routes import AnyRoute, Asked, NoParameters, Route, json_response


class ActedAnswer(msgspec.Struct):
    """What a node began to do."""

    node_id: str
    status: str


class ReloadAnswer(msgspec.Struct):
    """What a node read again, and what came of it.

    Attributes:
        changed: the settings that were changed.
        files: the files of keys, tokens and TLS that were read. What is wrong with one is logged.
        needs_restart: the settings that differ from those in force, and change with a restart.
        reason: why the settings were not read again, None if they were.
    """

    changed: list[str]
    files: list[str]
    needs_restart: list[str]
    node_id: str
    reason: str | None


class OperatingRoutes:
    """The routes of operators."""

    def __init__(self, service: Service, operations: Operations) -> None:
        self._service = service
        self._operations = operations
        peer = msgspec.json.Decoder(PeerBody)
        self.routes: list[AnyRoute] = [
            _route("/v1/join", "Adds an address to join by", self._join, body=peer),
            _route("/v1/leave", "Lets the node leave the cluster and end", self._leave),
            _route(
                "/v1/reload",
                "Reads files and settings again",
                self._reload,
                result=ReloadAnswer,
            ),
            _route(
                "/v1/members/{id}/forget",
                "Forgets a dead or left member in the whole cluster",
                self._forget,
                problems=(NO_SUCH_MEMBER, NOT_GONE),
            ),
        ]

    def _join(self, asked: Asked[NoParameters, PeerBody]) -> Response:
        try:
            self._service.join(asked.body.id)
        except ValueError as error:
            raise Failed(INVALID, f"Invalid request: {error}") from None
        return self._acted("joining")

    def _forget(self, asked: Asked[NoParameters, None]) -> Response:
        [member] = asked.names
        if member not in {each.row.id for each in self._service.members()}:
            raise Failed(NO_SUCH_MEMBER, f"this node knows no member {member!r}")
        try:
            self._service.forget(member)
        except ValueError as error:
            raise Failed(NOT_GONE, str(error)) from None
        return self._acted("forgotten")

    def _leave(self, asked: Asked[NoParameters, None]) -> Response:
        self._operations.leave()
        return self._acted("leaving")

    def _reload(self, asked: Asked[NoParameters, None]) -> Response:
        found: Reloaded = self._operations.reload()
        files = [str(path) for path in found.files]
        return json_response(
            ReloadAnswer(
                [*found.changed], files, [*found.needs_restart], self._service.node_id, found.reason
            )
        )

    def _acted(self, status: str) -> Response:
        return json_response(ActedAnswer(self._service.node_id, status))


def _route(
    path: str,
    summary: str,
    answer: Any,
    *,
    result: Any = ActedAnswer,
    body: Any = None,
    problems: tuple[Kind, ...] = (),
) -> AnyRoute:
    return Route(
        "POST",
        path,
        summary,
        role="admin",
        query=NoParameters,
        body=body,
        answer=answer,
        result=result,
        problems=problems,
    )
