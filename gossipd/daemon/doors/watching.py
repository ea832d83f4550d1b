"""The routes of what goes on: the values of counters and the states of members as they change."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ..http import Response
from ..service import Service
from .routes import AnyRoute, Asked, NoParameters, Route
from .streams import EVENTS, EventStream, WatchStream, last_id, streamed

_HEADERS = (("Last-Event-ID", "The id of the last event that the client got."),)


class PrefixParameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which counters are watched."""

    prefix: Annotated[str, msgspec.Meta(description="With what the names begin.")] = ""


class WatchingRoutes:
    """The routes of server-sent events."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.routes: list[AnyRoute] = [
            Route(
                "GET",
                "/v1/counters/{name}/watch",
                "Follows the value of a counter, by server-sent events",
                role="read",
                query=NoParameters,
                answer=self._watch,
                result=str,
                content_type=EVENTS,
                headers=_HEADERS,
            ),
            Route(
                "GET",
                "/v1/watch",
                "Follows the values of counters, by server-sent events",
                role="read",
                query=PrefixParameter,
                answer=self._watch_prefix,
                result=str,
                content_type=EVENTS,
                headers=_HEADERS,
            ),
            Route(
                "GET",
                "/v1/events",
                "Follows what happens to members, by server-sent events",
                role="read",
                query=NoParameters,
                answer=self._events,
                result=str,
                content_type=EVENTS,
                headers=_HEADERS,
            ),
        ]

    def _watch(self, asked: Asked[NoParameters, None]) -> Response:
        [name], since = asked.names, last_id(asked.headers)
        return streamed(WatchStream(lambda: self._service.watch(name, since)))

    def _watch_prefix(self, asked: Asked[PrefixParameter, None]) -> Response:
        prefix, since = asked.query.prefix, last_id(asked.headers)
        return streamed(WatchStream(lambda: self._service.watch_prefix(prefix, since)))

    def _events(self, asked: Asked[NoParameters, None]) -> Response:
        since = last_id(asked.headers)
        return streamed(EventStream(lambda: self._service.events(since)))
