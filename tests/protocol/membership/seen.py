"""A node's view of its cluster by itself, for tests of what claims do to it."""

from __future__ import annotations

from functools import partial

from gossipd.protocol.effects import Transmit
from gossipd.protocol.events import Event
from gossipd.protocol.membership import Echoes, RoundTrips
from gossipd.protocol.membership.awareness import Awareness
from gossipd.protocol.membership.own_looks import OwnLooks
from gossipd.protocol.membership.own_word import OwnWord
from gossipd.protocol.membership.view import View
from gossipd.protocol.wire import ALIVE, DEAD, SILENCE, SUSPECT, Claim
from tests.protocol.conversation import node_id
from tests.protocol.parts import Parts


class Seen:
    """A node's view of its cluster, and what it reported."""

    def __init__(self, members: int = 0, **changes: object) -> None:
        # It hears nobody else than whom the test has speak.
        self.parts = parts = Parts(**{"blames_itself": False, **changes})
        self.runtime, self.table = parts.runtime, parts.table
        self.awareness = Awareness(8)
        self.echoes = Echoes(parts.runtime, lambda: (0, 0), RoundTrips(9), self.awareness)
        self.own_word = OwnWord(
            parts.runtime, parts.outbox, parts.table, parts.gossip, self.awareness
        )
        self.view = View(
            parts.runtime,
            parts.table,
            parts.gossip,
            self.own_word,
            partial(OwnLooks, parts.runtime, self.echoes, parts.gossip, self.awareness),
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
        self.wait(2.9)
        self.events()
        self.say(number, DEAD, accuser=3)

    def wait(self, seconds: float) -> None:
        """Lets time pass; nobody answers what is sent."""
        until, timers = self.runtime.now + seconds, self.runtime.timers
        while (due := timers.next_deadline()) is not None and due <= until:
            self.runtime.now = max(self.runtime.now, due)
            action = timers.pop_due(due)
            if action is not None:
                action()
        self.runtime.now = until

    def refuse(self) -> None:
        """Refuses the pings that were sent."""
        for effect in self.runtime.take_effects():
            if isinstance(effect, Transmit):
                self.echoes.refusal(effect.data, effect.to)

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
            self.runtime.now = max(self.runtime.now, due)
            action = self.runtime.timers.pop_due(due)
            if action is not None:
                action()
        return self.runtime.now
