"""Whether the node is well: for probes, for people and for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from ..future import Future
from ..http import TEXT, Response, text_response
from ..service import Service
from .problems import NOT_READY, RETRY, Failed
from .routes import JSON, AnyParameters, AnyRoute, Asked, Route, encode

METRICS = "text/plain; version=0.0.4; charset=utf-8"


class HealthAnswer(msgspec.Struct):
    """Whether a node is ready, and how it sees the cluster."""

    local_health: int
    members: dict[str, int]
    node_id: str
    reason: str | None
    status: str


class KeysAnswer(msgspec.Struct):
    """Which keys a node has, and which one each live member seals with."""

    accepts_open: bool
    members: dict[str, str | None]
    node_id: str
    opens: list[str]
    seals: str | None


class Verbose(msgspec.Struct, frozen=True):
    """Whether the answer is for people."""

    verbose: Annotated[
        str | UnsetType, msgspec.Meta(description="Empty, `1` or `true`: a few lines for people.")
    ] = UNSET

    @property
    def wanted(self) -> bool:
        """Returns whether the answer is to be for people."""
        return self.verbose in ("", "1", "true")


_Asked = Asked[Verbose, None]


class HealthRoutes:
    """The routes of health and metrics."""

    def __init__(self, service: Service, metrics_page: Callable[[], Future[bytes]]) -> None:
        """Takes what returns the future of the page of `/metrics`."""
        self._service = service
        self._metrics_page = metrics_page
        self.routes: list[AnyRoute] = [
            Route(
                "GET",
                "/livez",
                "Tells that the process runs",
                role=None,
                query=Verbose,
                answer=self._livez,
                result=str,
                content_type=TEXT,
            ),
            Route(
                "GET",
                "/readyz",
                "Tells whether the node takes writes",
                role=None,
                query=Verbose,
                answer=self._readyz,
                result=str,
                content_type=TEXT,
                statuses=(200, 503),
            ),
            Route(
                "GET",
                "/healthz",
                "Tells readiness and members",
                role="read",
                query=Verbose,
                answer=self._healthz,
                result=HealthAnswer,
                also=(TEXT,),
                statuses=(200, 503),
            ),
            Route(
                "GET",
                "/v1/keys",
                "Tells which key each member seals with",
                role="admin",
                query=AnyParameters,
                answer=self._keys,
                result=KeysAnswer,
            ),
            Route(
                "GET",
                "/metrics",
                "Shows metrics in the Prometheus text format",
                role="read",
                query=AnyParameters,
                answer=self._metrics,
                result=str,
                content_type=METRICS,
            ),
        ]

    def _livez(self, asked: _Asked) -> Response:
        return self._in_words() if asked.query.wanted else text_response(200, "ok")

    def _readyz(self, asked: _Asked) -> Response:
        reason = unready(self._service)
        if asked.query.wanted:
            return self._in_words(reason)
        if reason is not None:
            raise Failed(NOT_READY, reason)
        return text_response(200, "ok")

    def _healthz(self, asked: _Asked) -> Response:
        reason = unready(self._service)
        if asked.query.wanted:
            return self._in_words(reason)
        statistics = self._service.statistics()
        answer = HealthAnswer(
            local_health=statistics.local_health,
            members=statistics.members,
            node_id=self._service.node_id,
            reason=reason,
            status="ok" if reason is None else "not ready",
        )
        return Response(200 if reason is None else 503, encode(answer) + b"\n", JSON)

    def _keys(self, asked: Asked[AnyParameters, None]) -> Response:
        keys, node_id = self._service.keys(), self._service.node_id
        if keys is None:
            return _json(KeysAnswer(False, {}, node_id, [], None))
        answer = KeysAnswer(keys.accepts_open, keys.members, node_id, keys.opens, keys.seals)
        return _json(answer)

    def _metrics(self, asked: Asked[AnyParameters, None]) -> Future[Response]:
        return self._metrics_page().map(_page)

    def _in_words(self, reason_for_503: str | None = None) -> Response:
        """Returns the verbose page, with the status 503 if there is a reason for that."""
        statistics = self._service.statistics()
        members = ", ".join(f"{n} {state}" for state, n in sorted(statistics.members.items()))
        reason, keys = unready(self._service), self._service.keys()
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
        headers = () if reason_for_503 is None else (RETRY,)
        return Response(200 if reason_for_503 is None else 503, text.encode(), TEXT, headers)


def unready(service: Service) -> str | None:
    """Returns why the node takes no writes, None if it does."""
    return "this node is stopping" if service.draining else service.trouble()


def _json(answer: KeysAnswer) -> Response:
    return Response(200, encode(answer) + b"\n", JSON)


def _page(outcome: bytes | Exception) -> Response:
    if isinstance(outcome, Exception):
        raise outcome
    return Response(200, outcome, METRICS)
