"""What happened in a run: events by time and node, and requests with their answers."""

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
    Write,
)

MEMBER_EVENTS = (MemberJoined, MemberSuspect, MemberRecovered, MemberDead, MemberLeft)


@attrs.frozen
class Befell:
    """What the world did to a node: started, crashed, paused, resumed, blocked, slow, left …"""

    what: str


@attrs.frozen
class Observed:
    """An event and the node that reported it (or that it befell), at a time.

    Attributes:
        boot: which process of that node, from 1.
        event: one of `gossipd.protocol.events`, or `Befell`.
    """

    time: float
    node: str
    boot: int
    event: Any


@attrs.define(eq=False)
class Request:
    """An increment or a sync, from its making to its answer.

    Attributes:
        kind: "increment" or "sync".
        amount: of the increment; the value of the sync.
        answer: None while there is none, for ever if the process crashed before.
        refused: what the node had against it, if it did not take it; nothing is counted then.
        ack: the level asked for; None for the node's own choice.
        write: what the node staged for it; None for a sync that is no news.
    """

    ticket: int
    node: str
    boot: int
    kind: str
    name: str
    amount: int
    asked_at: float
    on_answer: Callable[[Request], None] | None = None
    answer: Answer | None = None
    answered_at: float | None = None
    refused: str | None = None
    ack: str | None = None
    write: Write | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether the client was told that at least one node holds it."""
        return self.answer is not None and self.answer.holders > 0


class Record:
    """Everything noted in a run.

    Attributes:
        events: in order of time.
        requests: in order of their making; a request's ticket is its place, from 1.
        on_event: called with each `Observed`.
    """

    def __init__(self) -> None:
        self.events: list[Observed] = []
        self.requests: list[Request] = []
        self.on_event: list[Callable[[Observed], None]] = []
        self._latest: dict[tuple[str, int, str], Observed] = {}

    def note(self, observed: Observed) -> None:
        """Add an event."""
        self.events.append(observed)
        if isinstance(observed.event, MEMBER_EVENTS):
            self._latest[observed.node, observed.boot, observed.event.member] = observed
        for call in self.on_event:
            call(observed)

    def answered(self, answer: Answer, now: float) -> Request:
        """Put an answer to its request; AssertionError for a second one or one without request."""
        assert 1 <= answer.ticket <= len(self.requests), f"no request for {answer}"
        request = self.requests[answer.ticket - 1]
        assert request.answer is None, f"a second answer: {answer} after {request.answer}"
        request.answer = answer
        request.answered_at = now
        return request

    def of(self, kind: type[Any], member: str | None = None) -> Iterator[Observed]:
        """The events of one class, or those of them that are about `member`."""
        for observed in self.events:
            if isinstance(observed.event, kind) and (
                member is None or observed.event.member == member
            ):
                yield observed

    def deaths(self, member: str | None = None) -> list[Observed]:
        """Who declared whom dead, and when."""
        return list(self.of(MemberDead, member))

    def latest(self, node: str, boot: int, member: str) -> Observed | None:
        """The last thing that a process of `node` reported about `member`."""
        return self._latest.get((node, boot, member))
