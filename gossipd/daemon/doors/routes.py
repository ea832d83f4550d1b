"""What all routes share: how requests are read, and how outcomes become responses."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar
from urllib.parse import parse_qs

import attrs
import msgspec

from gossipd.protocol import ACK_LEVELS, Answer, LimitExceeded

from ..future import Future
from ..http import Request, Response
from ..service import Refused

JSON = "application/json"

RETRY = ("Retry-After", "1")
"""The header of a refusal after which nothing has changed, so that repeating does no harm."""

_UNKNOWN = (
    "the outcome is unknown: the write failed on its way to the disk, and may count or not;"
    " an increment that is repeated may count twice"
)

encode = msgspec.json.Encoder(order="sorted").encode

_Body = TypeVar("_Body")


class Failed(Exception):
    """Ends a request with an error."""

    def __init__(self, status: int, detail: str, *headers: tuple[str, str]) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers


@attrs.frozen
class Route:
    """What a path answers.

    Attributes:
        method: GET, which HEAD may replace, or POST, which changes something.
        answer: makes the response, or the future of it. Raises Failed for an error.
        documented: whether it is a route of the original, whose errors are one line of text.
        label: under what its requests are counted; empty for its path.
    """

    method: str
    answer: Callable[[Request], Response | Future[Response]]
    documented: bool = True
    label: str = ""


def json_response(value: object, *headers: tuple[str, str]) -> Response:
    """Returns the response 200 with a value as JSON."""
    return Response(200, encode(value) + b"\n", JSON, headers)


def held(outcome: Answer | Exception) -> Answer:
    """Returns the answer to a write that counts. Raises Failed for any other.

    A write whose outcome is unknown is answered without `Retry-After`: a client or a proxy that
    follows that header would repeat it.
    """
    if isinstance(outcome, Refused):
        raise Failed(503, f"nothing was written: {outcome}", RETRY)
    if isinstance(outcome, LimitExceeded):
        raise Failed(409, str(outcome))
    if isinstance(outcome, ValueError):
        raise Failed(400, f"Invalid request: {outcome}")
    if isinstance(outcome, Exception):
        raise outcome
    if outcome.holders == 0:
        raise Failed(503, _UNKNOWN)
    return outcome


def acks(answer: Answer) -> tuple[str, str]:
    """Returns the header that tells how many hold a write, and how many were asked for."""
    return ("Gossipd-Acks", f"{answer.holders}/{answer.target}")


def decoded(decoder: msgspec.json.Decoder[_Body], body: bytes) -> _Body:
    """Returns the value of a body. Raises Failed if it is not what it should be."""
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise Failed(400, f"Invalid request: {error}") from None


# Clients send the same few queries again and again, and the parsing is slow.
@lru_cache(maxsize=64)
def ack_level(query: str) -> str | None:
    """Returns the ack level that a query names, or None. Raises Failed for an unknown one."""
    if not query:
        return None
    levels = parse_qs(query, keep_blank_values=True).get("ack")
    if levels is None:
        return None
    if len(levels) != 1 or levels[0] not in ACK_LEVELS:
        raise Failed(400, f"Invalid request: ack is one of {', '.join(ACK_LEVELS)}")
    return levels[0]
