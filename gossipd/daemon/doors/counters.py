"""The routes of the named counters, under `/v1`: how they are read, changed and listed."""

from __future__ import annotations

from typing import Annotated

import msgspec

from gossipd.protocol import VALUE_LIMIT, Answer, Change

from ..future import Future
from ..http import Response
from ..service import Service
from .routes import (
    AckParameter,
    AnyRoute,
    Asked,
    NoParameters,
    Route,
    acks,
    held,
    json_response,
)

MOST_LISTED = 1000
"""The most counters of one page."""

MOST_CHANGES = 500
"""The most changes of one batch."""

Amount = Annotated[int, msgspec.Meta(ge=-VALUE_LIMIT, le=VALUE_LIMIT)]


class Counter(msgspec.Struct):
    """A counter and its value."""

    name: str
    value: int


class KnownCounter(msgspec.Struct):
    """A counter, its value, and whether anybody has counted under its name."""

    known: bool
    name: str
    value: int


class Page(msgspec.Struct):
    """Some counters in order of name; `next` is what the next page's `after` is to be."""

    counters: list[Counter]
    next: str | None


class ListParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which counters are listed."""

    prefix: Annotated[str, msgspec.Meta(description="With what the names begin.")] = ""
    after: Annotated[str, msgspec.Meta(description="The name after which the page begins.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_LISTED, description="Most counters.")] = 100


class AddBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is added to a counter."""

    amount: Amount = 1


class ChangeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is added to which counter."""

    name: str
    amount: Amount = 1


_Batch = Annotated[list[ChangeBody], msgspec.Meta(min_length=1, max_length=MOST_CHANGES)]


class CounterRoutes:
    """The routes of the named counters."""

    def __init__(self, service: Service) -> None:
        self._service = service
        batch: msgspec.json.Decoder[list[ChangeBody]] = msgspec.json.Decoder(_Batch)
        self.routes: list[AnyRoute] = [
            Route(
                "GET",
                "/v1/counters",
                "Lists counters in order of name",
                query=ListParameters,
                answer=self._list,
                result=Page,
            ),
            Route(
                "GET",
                "/v1/counters/{name}",
                "Tells the value of a counter",
                query=NoParameters,
                answer=self._value,
                result=KnownCounter,
            ),
            Route(
                "POST",
                "/v1/counters/{name}/add",
                "Adds to a counter",
                query=AckParameter,
                body=msgspec.json.Decoder(AddBody),
                no_body=AddBody(),
                answer=self._add,
                result=Counter,
            ),
            Route(
                "POST",
                "/v1/add",
                "Changes several counters in one write",
                query=AckParameter,
                body=batch,
                answer=self._batch,
                result=list[Counter],
            ),
        ]

    def _list(self, asked: Asked[ListParameters, None]) -> Response:
        wanted = asked.query
        found = self._service.values().page(wanted.prefix, wanted.after, wanted.limit)
        counters = [Counter(name, value) for name, value in found]
        return json_response(Page(counters, found[-1][0] if len(found) == wanted.limit else None))

    def _value(self, asked: Asked[NoParameters, None]) -> Response:
        [name] = asked.names
        values = self._service.values()
        return json_response(KnownCounter(values.knows(name), name, values.value(name)))

    def _add(self, asked: Asked[AckParameter, AddBody]) -> Future[Response]:
        [name] = asked.names
        answer = self._service.increment(name, asked.body.amount, asked.query.level)

        def tell(outcome: Answer | Exception) -> Response:
            done = held(outcome)
            return json_response(Counter(name, done.count), acks(done))

        return answer.map(tell)

    def _batch(self, asked: Asked[AckParameter, list[ChangeBody]]) -> Future[Response]:
        changes = [Change(each.name, each.amount) for each in asked.body]
        answer = self._service.change(changes, asked.query.level)

        def tell(outcome: Answer | Exception) -> Response:
            done = held(outcome)
            values = zip(changes, done.counts or (done.count,), strict=True)
            return json_response([Counter(each.name, value) for each, value in values], acks(done))

        return answer.map(tell)
