"""Which of the members that are dead or left is tried next."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from random import Random

from ..fingerprint import POSITIONS
from ..wire import LEFT
from .table import Member, MemberTable

_CONSIDERED = 64
"""How many of the newest verdicts, and as many others by chance, are considered for a try."""


def next_gone(table: MemberTable, rng: Random, now: float) -> Member | None:
    """Returns the member that has waited longest, measured against how long it is gone.

    A member that has just been declared dead is the most likely to come back, so it is tried often.
    The share of a member that waits grows with time, so that each is tried again. A member that
    left on purpose counts a quarter.

    Of a large number only the newest verdicts and some neighbours drawn by chance are considered,
    which costs as much for a hundred thousand as for a hundred.
    """
    best, score = None, -1.0
    for row in _considered(table, rng):
        waited = (now - row.tried) / (now - row.since + 10.0)
        if row.state != LEFT:
            waited *= 4
        if waited > score:
            best, score = row, waited
    return best


def _considered(table: MemberTable, rng: Random) -> Iterable[Member]:
    gone = table.gone
    if len(gone) <= 2 * _CONSIDERED:
        return gone.values()
    newest = islice(reversed(gone.values()), _CONSIDERED)
    start = int(rng.random() * POSITIONS)
    walk = table.fingerprint.walk(start, POSITIONS - 1)
    drawn = islice((gone[member] for _, member in walk if member in gone), _CONSIDERED)
    return chain(newest, drawn)
