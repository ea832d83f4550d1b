"""What is known of a node from what it told so far."""

from __future__ import annotations

from collections import deque

from .news import Counted, Happened, Listed, Looked, Lost, News, Reached, Row
from .rate import Rate

EVENTS_KEPT = 500
MOVERS_KEPT = 1000
"""Of so many counters it is kept how they moved: those that did last."""


class Known:
    """A node, its members, its counters and its last events.

    Attributes:
        status: what `/v1/status` answered last, empty before.
        members: the rows of `/v1/members`.
        rates: the growth of numbers of the node, by the words under which they are shown.
        movers: the counters that changed since they are followed, the last one last.
        events: the events since they are followed, the last one last.
        lost: why and since when the node does not answer, by what was asked; empty if it does.
    """

    def __init__(self) -> None:
        self.status: Row = {}
        self.members: list[Row] = []
        self.rates: dict[str, Rate] = {}
        self.movers: dict[str, Rate] = {}
        self.events: deque[Row] = deque(maxlen=EVENTS_KEPT)
        self.lost: dict[str, tuple[float, str]] = {}
        self._values: dict[str, int] | None = None
        self._followed_since = 0.0

    def take(self, news: News, now: float) -> None:
        """Notes what the node told, at a time in seconds of any clock that does not jump."""
        match news:
            case Looked():
                self.status, self.members = news.status, news.members
                self._total(news.totals, now)
            case Listed():
                self._list(news.values, now)
            case Counted():
                self._count(news.name, news.value, now)
            case Happened():
                self.events.append(news.event)
            case Reached():
                self.lost.pop(news.source, None)
            case Lost():
                since, _ = self.lost.get(news.source, (now, ""))
                self.lost[news.source] = (since, news.reason)

    def _total(self, totals: dict[str, float], now: float) -> None:
        for words, value in totals.items():
            rate = self.rates.get(words)
            # A new process begins with 0.
            if rate is None or value < rate.value:
                self.rates[words] = Rate(value, now)
            else:
                rate.note(value, now)

    def _list(self, values: dict[str, int], now: float) -> None:
        """Takes all values. What differs from those of before has moved meanwhile."""
        before, self._values = self._values, values
        if before is None:
            self._followed_since = now
            return
        for name in {**before, **values}:
            old, new = before.get(name, 0), values.get(name, 0)
            if old != new:
                self._move(name, old, new, now)

    def _count(self, name: str, value: int | None, now: float) -> None:
        if self._values is None:
            return
        old = self._values.get(name, 0)
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value
        if (value or 0) != old:
            self._move(name, old, value or 0, now)

    def _move(self, name: str, old: int, new: int, now: float) -> None:
        rate = self.movers.pop(name, None) or Rate(old, self._followed_since)
        rate.note(new, now)
        self.movers[name] = rate
        if len(self.movers) > MOVERS_KEPT:
            del self.movers[next(iter(self.movers))]
