"""A door as random clients know it."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

import attrs

from .inputs import http_input, redis_input


@attrs.frozen
class Door:
    """One way into a node.

    Attributes:
        host, port: where it is.
        draw: makes what one client sends, a few bytes or many.
        fault: what no answer may hold.
    """

    host: str
    port: int
    draw: Callable[[Random], bytes]
    fault: re.Pattern[bytes]


def http_door(host: str, port: int) -> Door:
    """Returns the door for HTTP. It answers 501, 503 and 505 where they are due."""
    return Door(host, port, http_input, re.compile(rb"HTTP/1\.1 50[^135][^\r]*"))


def redis_door(host: str, port: int) -> Door:
    """Returns the door for Redis clients."""
    return Door(host, port, redis_input, re.compile(rb"-[^\r]*internal error[^\r]*"))
