"""The errors that Redis clients are told, in the words of Redis where it has such an error."""

from __future__ import annotations

from gossipd.protocol import Answer, LimitExceeded, TooManyCounters

from ..service import Refused

NOT_AN_INTEGER = "ERR value is not an integer or out of range"
OVERFLOW = "ERR increment or decrement would overflow"
SYNTAX = "ERR syntax error"

_UNKNOWN_OUTCOME = (
    "ERR the outcome is unknown: the write failed on its way to the disk, and may count or not;"
    " an increment that is repeated may count twice"
)


class Failed(Exception):
    """Ends a command with an error, whose text begins with its code."""


def held(outcome: Answer | Exception) -> Answer:
    """Returns the answer to a write that counts. Raises Failed for any other."""
    if isinstance(outcome, Answer):
        if outcome.holders == 0:
            raise Failed(_UNKNOWN_OUTCOME)
        return outcome
    if isinstance(outcome, Refused):
        raise Failed(f"MISCONF nothing was written: {outcome}")
    if isinstance(outcome, TooManyCounters):
        raise Failed(f"OOM {outcome}")
    if isinstance(outcome, LimitExceeded):
        raise Failed(OVERFLOW)
    if isinstance(outcome, ValueError):
        raise Failed(f"ERR {outcome}")
    raise outcome
