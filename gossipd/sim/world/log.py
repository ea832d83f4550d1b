"""What happened in a run: events and incidents by time and node, and requests with answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from gossipd.protocol import (
    Answer,
    MemberDead,
    MemberJoined,
    MemberLeft,
    MemberRecovered,
    MemberSuspect,
)

from .request import Request

MEMBER_EVENTS = (MemberJoined, MemberSuspect, MemberRecovered, MemberDead, MemberLeft)


@attrs.frozen
class Observed:
    """An event and the node that reported it, or an incident and the node that it happened to.

    Attributes:
        time: in seconds.
        node: its id.
        boot: which process of that node, counted from 1.
        event: an event of `gossipd.protocol`, or an `Incident`.
    """

    time: float
    node: str
    boot: int
    event: Any


class Log:
    """Everything that was noted in a run.

    Args:
        keep_member_events: whether `events` has events about members, of which a large cluster
            that starts together makes millions. `on_event` hears of them in any case.

    Attributes:
        events: in order of time.
        requests: in the order in which they were made; the ticket of a request is its place,
            counted from 1.
        on_event: called with each `Observed`.
        on_answered: called with each request as its node answers it.
    """

    def __init__(self, *, keep_member_events: bool = True) -> None:
        self.events: list[Observed] = []
        self.requests: list[Request] = []
        self.on_event: list[Callable[[Observed], None]] = []
        self.on_answered: list[Callable[[Request], None]] = []
        self._left_out: tuple[type[Any], ...] = () if keep_member_events else MEMBER_EVENTS

    def note(self, observed: Observed) -> None:
        """Adds an event or incident and tells the observers."""
        if not isinstance(observed.event, self._left_out):
            self.events.append(observed)
        for call in self.on_event:
            call(observed)

    def answered(self, answer: Answer, now: float) -> Request:
        """Adds an answer to its request, tells the observers, and returns the request.

        Raises AssertionError for a second answer, and for one without a request.
        """
        assert 1 <= answer.ticket <= len(self.requests), f"no request for {answer}"
        request = self.requests[answer.ticket - 1]
        request.settle(answer, now)
        for call in self.on_answered:
            call(request)
        return request

    def of(self, kind: type[Any], member: str | None = None) -> Iterator[Observed]:
        """Yields what is of one class, or only events of that class about `member`."""
        for observed in self.events:
            if isinstance(observed.event, kind) and (
                member is None or observed.event.member == member
            ):
                yield observed

    def deaths(self, member: str | None = None) -> list[Observed]:
        """Returns all verdicts that declare a member dead, or only those about `member`."""
        return list(self.of(MemberDead, member))
