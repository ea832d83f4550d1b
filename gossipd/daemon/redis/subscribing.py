"""The commands by which clients follow counters."""

from __future__ import annotations

from collections.abc import Iterator

from ..resp import Push, encode
from .context import Context


def subscribe(context: Context, request: list[bytes]) -> Iterator[bytes]:
    """SUBSCRIBE channel [channel ...], PSUBSCRIBE pattern [pattern ...]."""
    command, *texts = request
    return _each(context, context.subscriptions.subscribe(command.decode().lower(), texts))


def unsubscribe(context: Context, request: list[bytes]) -> Iterator[bytes]:
    """UNSUBSCRIBE [channel ...], PUNSUBSCRIBE [pattern ...]."""
    command, *texts = request
    return _each(context, context.subscriptions.unsubscribe(command.decode().lower(), texts))


def _each(context: Context, told: list[Push]) -> Iterator[bytes]:
    """Yields messages, of which there is one for each argument in place of one answer."""
    yield b"".join([encode(one, context.caller.resp) for one in told])
