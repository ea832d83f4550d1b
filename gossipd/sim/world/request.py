"""What a client asks of a node, and what becomes of that."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from gossipd.protocol import Answer, Asked, Write


@attrs.define(eq=False)
class Request:
    """An increment, a sync, or other changes, from its making to its answer.

    Attributes:
        ticket: its number within the run, from 1.
        node, boot: which process was asked.
        kind: "increment", "sync" or "change".
        name: of the counter.
        amount: of the increment; the value of the sync.
        asked_at, answered_at: in seconds; `answered_at` is None while there is no answer.
        on_answer: called with the request once it is answered, in a turn of its own.
        answer: None while there is none, which stays so if the process crashed before.
        refused: why the node did not take the request, if it did not; nothing is counted then.
        ack: the ack level asked for; None leaves it to the node.
        beside: changes of other counters in the same batch.
        write: what the node staged for it; None for a sync that changed nothing.
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
    beside: tuple[Asked, ...] = ()
    write: Write | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether the client was told that at least one node holds the request's effect."""
        return self.answer is not None and self.answer.holders > 0

    def refuse(self, reason: str) -> None:
        """Notes that the node did not take the request."""
        self.refused = reason

    def stage(self, write: Write | None) -> None:
        """Notes what the node staged for the request."""
        self.write = write

    def settle(self, answer: Answer, now: float) -> None:
        """Notes the answer. Raises AssertionError if there is one already."""
        assert self.answer is None, f"a second answer: {answer} after {self.answer}"
        self.answer = answer
        self.answered_at = now
