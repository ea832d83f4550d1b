"""The routes of the named counters, under `/v1`: how they are read, changed and listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from urllib.parse import parse_qs, unquote_to_bytes

import msgspec

from gossipd.protocol import VALUE_LIMIT, Answer, Change

from ..future import Future
from ..http import Request, Response
from ..service import Service
from .routes import Failed, Route, ack_level, acks, decoded, held, json_response

_ROOT = "/v1/counters"

MOST_LISTED = 1000
"""The most counters of one page."""

MOST_CHANGES = 500
"""The most changes of one batch."""

Amount = Annotated[int, msgspec.Meta(ge=-VALUE_LIMIT, le=VALUE_LIMIT)]


class _Counter(msgspec.Struct):
    name: str
    value: int


class _KnownCounter(msgspec.Struct):
    known: bool
    name: str
    value: int


class _Page(msgspec.Struct):
    counters: list[_Counter]
    next: str | None


class _AddBody(msgspec.Struct, forbid_unknown_fields=True):
    amount: Amount = 1


class _ChangeBody(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    amount: Amount = 1


_add_body = msgspec.json.Decoder(_AddBody)
_batch_body = msgspec.json.Decoder(
    Annotated[list[_ChangeBody], msgspec.Meta(min_length=1, max_length=MOST_CHANGES)]
)


class CounterRoutes:
    """Finds the route of a path, which may have the name of a counter in it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._fixed = {
            _ROOT: Route("GET", self._list, documented=False),
            "/v1/add": Route("POST", self._batch, documented=False),
        }
        self._read = self._named("GET", "", self._value)
        self._add = self._named("POST", "/add", self._added)

    def find(self, path: str) -> Route | None:
        """Returns the route of a path, or None."""
        found = self._fixed.get(path)
        if found is not None:
            return found
        if not path.startswith(f"{_ROOT}/"):
            return None
        name, _, verb = path[len(_ROOT) + 1 :].partition("/")
        if not name:
            return None
        return {"": self._read, "add": self._add}.get(verb)

    def _named(
        self,
        method: str,
        suffix: str,
        answer: Callable[[Request, str], Response | Future[Response]],
    ) -> Route:
        """Returns a route whose path has the name of a counter in it."""

        def by_name(request: Request) -> Response | Future[Response]:
            text = request.path[len(_ROOT) + 1 : len(request.path) - len(suffix)]
            try:
                return answer(request, unquote_to_bytes(text).decode())
            except UnicodeDecodeError:
                raise Failed(400, "Invalid request: name: must be UTF-8") from None

        return Route(method, by_name, documented=False, label=f"{_ROOT}/NAME{suffix}")

    def _list(self, request: Request) -> Response:
        query = parse_qs(request.query, keep_blank_values=True)
        unknown = query.keys() - {"prefix", "after", "limit"}
        if unknown:
            raise Failed(400, f"Invalid request: there is no parameter {min(unknown)!r}")
        prefix, after = (query.get(key, [""])[-1] for key in ("prefix", "after"))
        most = _limit(query.get("limit", ["100"])[-1])
        found = self._service.values().page(prefix, after, most)
        counters = [_Counter(name, value) for name, value in found]
        return json_response(_Page(counters, found[-1][0] if len(found) == most else None))

    def _value(self, request: Request, name: str) -> Response:
        values = self._service.values()
        return json_response(_KnownCounter(values.knows(name), name, values.value(name)))

    def _added(self, request: Request, name: str) -> Future[Response]:
        amount = decoded(_add_body, request.body).amount if request.body else 1
        answer = self._service.increment(name, amount, ack_level(request.query))

        def tell(outcome: Answer | Exception) -> Response:
            done = held(outcome)
            return json_response(_Counter(name, done.count), acks(done))

        return answer.map(tell)

    def _batch(self, request: Request) -> Future[Response]:
        changes = [Change(each.name, each.amount) for each in decoded(_batch_body, request.body)]
        answer = self._service.change(changes, ack_level(request.query))

        def tell(outcome: Answer | Exception) -> Response:
            done = held(outcome)
            values = zip(changes, done.counts or (done.count,), strict=True)
            return json_response([_Counter(each.name, value) for each, value in values], acks(done))

        return answer.map(tell)


def _limit(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MOST_LISTED:
        return int(text)
    raise Failed(400, f"Invalid request: limit: must be a number from 1 to {MOST_LISTED}")
