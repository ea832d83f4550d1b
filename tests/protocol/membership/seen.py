"""A node's view of its cluster by itself, for tests of what claims do to it."""

from __future__ import annotations

from gossipd.protocol.events import Event
from gossipd.protocol.membership.awareness import Awareness
from gossipd.protocol.membership.view import View
from gossipd.protocol.wire import ALIVE, DEAD, SILENCE, SUSPECT, Claim
from tests.protocol.conversation import node_id
from tests.protocol.parts import Parts


class Seen:
    """A node's view of its cluster, and what it reported."""

    def __init__(self, members: int = 0, **changes: object) -> None:
        self.parts = parts = Parts(**changes)
        self.runtime, self.table = parts.runtime, parts.table
        self.awareness = Awareness(8)
        self.view = View(
            parts.runtime,
            parts.outbox,
            parts.table,
            parts.gossip,
            self.awareness,
            parts.note_changed,
        )
        for number in range(2, 2 + members):
            self.say(number, ALIVE)
        self.events()

    def say(
        self,
        number: int,
        state: int,
        *,
        incarnation: int = 0,
        generation: int = 1,
        accuser: int = 0,
        merged_from: int = 0,
        evidence: int = SILENCE,
    ) -> bool:
        """Applies a claim about the node of that number."""
        by = node_id(accuser) if accuser else ""
        claim = Claim(node_id(number), generation, incarnation, state, by, 0, evidence)
        return self.view.apply(claim, node_id(merged_from) if merged_from else "")

    def member(self, number: int) -> str:
        """Returns the id of the node of that number."""
        return node_id(number)

    def kill(self, number: int) -> None:
        """Applies a suspicion of that node, and a verdict which comes as late as one should."""
        self.say(number, SUSPECT, accuser=3)
        self.runtime.now += 3.0
        self.events()
        self.say(number, DEAD, accuser=3)

    def row(self, number: int) -> tuple[int, int, int]:
        """Returns generation, incarnation and state of a row."""
        row = self.table.rows[node_id(number)]
        return row.generation, row.incarnation, row.state

    def events(self) -> list[Event]:
        """Returns the events that were reported since the last call."""
        return self.parts.events()

    def verdict(self, number: int) -> float | None:
        """Fires timers until that node is no suspect. Returns when, or None if it stays suspect."""
        while self.row(number)[2] == SUSPECT:
            due = self.runtime.timers.next_deadline()
            if due is None:
                return None
            self.runtime.now = due
            action = self.runtime.timers.pop_due(due)
            if action is not None:
                action()
        return self.runtime.now
