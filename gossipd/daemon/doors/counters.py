"""The routes of the named counters, under `/v1`: how they are read, changed and listed."""

from __future__ import annotations

from typing import Annotated

import msgspec

from gossipd.protocol import (
    TTL_LIMIT,
    VALUE_LIMIT,
    Answer,
    Bounded,
    Reset,
    Stated,
)
from gossipd.protocol import Asked as Wanted

from ..future import Future
from ..http import Response
from ..service import Service, change_of
from .problems import INVALID, Failed
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
Seconds = Annotated[float, msgspec.Meta(gt=0, le=TTL_LIMIT // 1000)]

REPLAYED = ("Idempotent-Replayed", "true")
"""The header of an answer to a key that had been counted before, so that nothing changed."""

_KEY_HEADER = (("Idempotency-Key", "A key under which the change counts once."),)


class Counter(msgspec.Struct):
    """A counter and its value."""

    name: str
    value: int


class AddedCounter(msgspec.Struct, omit_defaults=True):
    """A counter, its value, and of a change with a limit by how much the counter changed."""

    name: str
    value: int
    applied: int | msgspec.UnsetType = msgspec.UNSET


class ListedCounter(msgspec.Struct, omit_defaults=True):
    """A counter, its value, and if it expires, in how many seconds."""

    name: str
    value: int
    expires_in: float | msgspec.UnsetType = msgspec.UNSET


class KnownCounter(msgspec.Struct, omit_defaults=True):
    """A counter as it is listed, and whether there is one of its name."""

    known: bool
    name: str
    value: int
    expires_in: float | msgspec.UnsetType = msgspec.UNSET


class Removed(msgspec.Struct):
    """What a reset or a delete took away, and the value after it."""

    removed: int
    value: int


class Page(msgspec.Struct):
    """Some counters in order of name; `next` is what the next page's `after` is to be."""

    counters: list[ListedCounter]
    next: str | None


class ListParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which counters are listed."""

    prefix: Annotated[str, msgspec.Meta(description="With what the names begin.")] = ""
    after: Annotated[str, msgspec.Meta(description="The name after which the page begins.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_LISTED, description="Most counters.")] = 100


class AddBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is added to a counter."""

    amount: Amount = 1
    ttl: Annotated[
        Seconds | None, msgspec.Meta(description="For how many seconds the counter lives.")
    ] = None
    limit: Annotated[
        Amount | None, msgspec.Meta(description="What would bring the value above it is not added.")
    ] = None


class ChangeBody(AddBody, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is added to which counter."""

    name: str


class StatedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The total that a source has come to."""

    total: Annotated[int, msgspec.Meta(ge=0, le=VALUE_LIMIT)]


_Batch = Annotated[list[ChangeBody], msgspec.Meta(min_length=1, max_length=MOST_CHANGES)]


class CounterRoutes:
    """The routes of the named counters."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.routes: list[AnyRoute] = [*self._reading(), *self._adding(), *self._others()]

    def _reading(self) -> list[AnyRoute]:
        return [
            Route(
                "GET",
                "/v1/counters",
                "Lists counters in order of name",
                role="read",
                query=ListParameters,
                answer=self._list,
                result=Page,
            ),
            Route(
                "GET",
                "/v1/counters/{name}",
                "Tells the value of a counter",
                role="read",
                query=NoParameters,
                answer=self._value,
                result=KnownCounter,
            ),
        ]

    def _adding(self) -> list[AnyRoute]:
        batch: msgspec.json.Decoder[list[ChangeBody]] = msgspec.json.Decoder(_Batch)
        return [
            Route(
                "POST",
                "/v1/counters/{name}/add",
                "Adds to a counter",
                role="count",
                query=AckParameter,
                body=msgspec.json.Decoder(AddBody),
                no_body=AddBody(),
                answer=self._add,
                result=AddedCounter,
                headers=_KEY_HEADER,
            ),
            Route(
                "POST",
                "/v1/add",
                "Changes several counters in one write",
                role="count",
                query=AckParameter,
                body=batch,
                answer=self._batch,
                result=list[AddedCounter],
            ),
        ]

    def _others(self) -> list[AnyRoute]:
        return [
            Route(
                "POST",
                "/v1/counters/{name}/reset",
                "Takes away what this node sees of a counter",
                role="count",
                query=AckParameter,
                answer=self._reset,
                result=Removed,
            ),
            Route(
                "DELETE",
                "/v1/counters/{name}",
                "Resets a counter that is not listed until somebody counts again",
                role="count",
                query=AckParameter,
                answer=self._delete,
                result=Removed,
            ),
            Route(
                "PUT",
                "/v1/counters/{name}/sources/{source}",
                "States a source's own total, of which the largest counts",
                role="count",
                query=AckParameter,
                body=msgspec.json.Decoder(StatedBody),
                answer=self._state,
                result=Counter,
            ),
        ]

    def _list(self, asked: Asked[ListParameters, None]) -> Response:
        wanted = asked.query
        values = self._service.values()
        found = values.page(wanted.prefix, wanted.after, wanted.limit)
        counters = [
            ListedCounter(name, value, _seconds(values.expires_in(name))) for name, value in found
        ]
        return json_response(Page(counters, found[-1][0] if len(found) == wanted.limit else None))

    def _value(self, asked: Asked[NoParameters, None]) -> Response:
        [name] = asked.names
        values = self._service.values()
        known, value = values.knows(name), values.value(name)
        return json_response(KnownCounter(known, name, value, _seconds(values.expires_in(name))))

    def _add(self, asked: Asked[AckParameter, AddBody]) -> Future[Response]:
        [name] = asked.names
        key = _key(asked.headers)
        change = _change(name, asked.body, key)
        answer = self._service.change([change], asked.query.level)

        def tell(outcome: Answer | Exception) -> Response:
            done = held(outcome)
            headers = [acks(done)]
            if key and not done.done[0] and asked.body.amount:
                headers.append(REPLAYED)
            return json_response(_added(change, done.count, done.done[0]), *headers)

        return answer.map(tell)

    def _reset(self, asked: Asked[AckParameter, None]) -> Future[Response]:
        return self._take_away(Reset(asked.names[0]), asked.query)

    def _delete(self, asked: Asked[AckParameter, None]) -> Future[Response]:
        return self._take_away(Reset(asked.names[0], delete=True), asked.query)

    def _take_away(self, reset: Reset, query: AckParameter) -> Future[Response]:
        def tell(outcome: Answer | Exception) -> Response:
            done = held(outcome)
            return json_response(Removed(done.done[0], done.count), acks(done))

        return self._service.change([reset], query.level).map(tell)

    def _state(self, asked: Asked[AckParameter, StatedBody]) -> Future[Response]:
        name, source = asked.names
        answer = self._service.change([Stated(name, source, asked.body.total)], asked.query.level)

        def tell(outcome: Answer | Exception) -> Response:
            done = held(outcome)
            return json_response(Counter(name, done.count), acks(done))

        return answer.map(tell)

    def _batch(self, asked: Asked[AckParameter, list[ChangeBody]]) -> Future[Response]:
        changes = [_change(each.name, each) for each in asked.body]
        answer = self._service.change(changes, asked.query.level)

        def tell(outcome: Answer | Exception) -> Response:
            done = held(outcome)
            counts = done.counts or (done.count,)
            told = zip(changes, counts, done.done, strict=True)
            return json_response([_added(*each) for each in told], acks(done))

        return answer.map(tell)


def _change(name: str, body: AddBody, key: str = "") -> Wanted:
    """Returns what a body asks for."""
    return change_of(name, body.amount, body.ttl, body.limit, key)


def _added(change: Wanted, value: int, done: int) -> AddedCounter:
    limited = isinstance(change, Bounded) and change.limit is not None
    return AddedCounter(change.name, value, done if limited else msgspec.UNSET)


def _seconds(found: float | None) -> float | msgspec.UnsetType:
    return msgspec.UNSET if found is None else found


def _key(headers: dict[bytes, bytes]) -> str:
    """Returns the key of a request, empty without one. Raises Failed.

    The draft has it as a quoted string; many clients send it without quotes.
    """
    text = headers.get(b"idempotency-key")
    if text is None:
        return ""
    try:
        key = text.decode()
    except UnicodeDecodeError:
        raise Failed(INVALID, "Invalid request: Idempotency-Key: must be UTF-8") from None
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not key:
        raise Failed(INVALID, "Invalid request: Idempotency-Key: must not be empty")
    return key
