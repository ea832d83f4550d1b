"""What the parts of a node are given, for tests of one part without the others."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from gossipd.protocol import Identity, ProtocolConfig
from gossipd.protocol.effects import Effect, Notify, Transmit
from gossipd.protocol.events import Event
from gossipd.protocol.membership import (
    Clusters,
    Contacts,
    Discovery,
    Echoes,
    Gossip,
    Member,
    MemberTable,
    Reasons,
    SeedWatch,
    first_claim,
)
from gossipd.protocol.outbox import Outbox
from gossipd.protocol.runtime import Runtime
from gossipd.protocol.wire import Claim, Claims, Codec
from tests.protocol.conversation import WALL_MS, node_id, opened


class Parts:
    """What parts of node 1 are given, and what they made of it.

    Attributes:
        changed: rows that the member view has reported as changed.
    """

    def __init__(self, *, seed: int = 1, **changes: object) -> None:
        config = ProtocolConfig.profile("lan", **changes)
        own = first_claim(node_id(1), WALL_MS, config.tags)
        self.runtime = Runtime(config, Identity(node_id(1), 1, WALL_MS), Random(seed), 0.0)
        self.table = MemberTable(own, config.cluster.encode(), self.runtime.rng, 0.0)
        self.outbox = Outbox(self.runtime, Codec(config.cluster), own, self.table.removed)
        self.gossip = Gossip(self.runtime, self.outbox, self.table)
        self.changed: list[Member] = []

    def note_changed(self, rows: Iterable[Member]) -> None:
        """Notes rows that changed: the hook that the view is given."""
        self.changed += rows

    def clusters(self, echoes: Echoes, contacts: Contacts | None = None) -> Clusters:
        """Returns the cluster identity of a node that has counted nothing."""
        shared = self.runtime, self.outbox, self.table
        contacts = contacts or Contacts(*shared, echoes, self.gossip)
        reasons = Reasons(self.table, contacts, Discovery(*shared, echoes, contacts))
        seeds = SeedWatch(self.runtime, self.table, contacts)
        return Clusters(*shared, echoes, contacts, reasons, seeds, lambda: None)

    def effects(self) -> list[Effect]:
        """Returns the effects since the last call."""
        return self.runtime.take_effects()

    def sent(self) -> list[bytes]:
        """Returns the datagrams that were sent since the last call."""
        return [effect.data for effect in self.effects() if isinstance(effect, Transmit)]

    def events(self) -> list[Event]:
        """Returns the events since the last call."""
        return [effect.event for effect in self.effects() if isinstance(effect, Notify)]

    def claims(self) -> list[Claim]:
        """Returns every claim in what was sent since the last call."""
        messages = [message for data in self.sent() for message in opened(data)]
        return [claim for each in messages if isinstance(each, Claims) for claim in each.claims]
