"""The parts that other parts of node 1 are made of, for tests of one part alone."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from gossipd.protocol import Identity, ProtocolConfig
from gossipd.protocol.effects import Effect, Notify, Transmit
from gossipd.protocol.events import Event
from gossipd.protocol.membership import Gossip, Member, MemberTable
from gossipd.protocol.outbox import Outbox
from gossipd.protocol.runtime import Runtime
from gossipd.protocol.wire import ALIVE, Claim, Claims, Codec
from tests.protocol.conversation import WALL_MS, node_id, opened


class Parts:
    """What every part is given, and what came of it.

    Attributes:
        changed: rows of which the view told that they changed.
    """

    def __init__(self, *, seed: int = 1, **changes: object) -> None:
        config = ProtocolConfig.profile("lan", **changes)
        own = Claim(node_id(1), WALL_MS, 0, ALIVE)
        self.runtime = Runtime(config, Identity(node_id(1), 1, WALL_MS), Random(seed), 0.0)
        self.table = MemberTable(own, config.cluster.encode(), self.runtime.rng, 0.0)
        self.outbox = Outbox(self.runtime, Codec(config.cluster), own, self.table.removed)
        self.gossip = Gossip(self.runtime, self.outbox, self.table)
        self.changed: list[Member] = []

    def note_changed(self, rows: Iterable[Member]) -> None:
        """Notes rows that changed."""
        self.changed += rows

    def effects(self) -> list[Effect]:
        """Returns what was emitted since the last call."""
        return self.runtime.take_effects()

    def sent(self) -> list[bytes]:
        """Returns the datagrams that were sent since the last call."""
        return [effect.data for effect in self.effects() if isinstance(effect, Transmit)]

    def events(self) -> list[Event]:
        """Returns what was reported since the last call."""
        return [effect.event for effect in self.effects() if isinstance(effect, Notify)]

    def claims(self) -> list[Claim]:
        """Returns every claim in what was sent since the last call."""
        messages = [message for data in self.sent() for message in opened(data)]
        return [claim for each in messages if isinstance(each, Claims) for claim in each.claims]
