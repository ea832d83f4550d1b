"""What this node says of itself: its tags, that it lives (SWIM 4.2), that it left, or moved."""

from __future__ import annotations

from .. import events
from ..outbox import Outbox
from ..runtime import Runtime
from ..wire import ALIVE, LARGEST, LEFT, STATES, Claim, Tags
from .awareness import Awareness
from .gossip import Gossip
from .precedence import above, beats
from .table import MemberTable

_TAGS_REFUTED = 1.0
"""How often in a second this node tells its tags anew because others have newer ones of it.

Each time is news to the whole cluster. What comes too often comes again: tables that differ are
compared.
"""

_RAISES = 3
"""How often this node may raise its own generation in a row."""

_RAISE_SECONDS = 5.0
"""Seconds until one more raise of the own generation is allowed."""


class OwnWord:
    """Changes this node's own row, and announces it.

    Attributes:
        leaving: whether this node says that it left, and so refutes nothing.
        refutations: how many claims about this node were contradicted.
    """

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        gossip: Gossip,
        awareness: Awareness,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._gossip = gossip
        self._awareness = awareness
        self._raised = 0.0
        self._raised_at = runtime.now
        self._tags = runtime.config.tags
        self.leaving = False
        self.refutations = 0

    def leave(self) -> None:
        """Lets this node say that it left, and refute nothing from now on."""
        self.leaving = True
        own = self._table.own
        self._table.change(
            own, Claim(own.id, own.generation, own.incarnation, LEFT), self._runtime.now
        )
        self._gossip.tell(own.claim(self._runtime.now), first=True)

    def move(self, node_id: str) -> None:
        """Gives this node the id `node_id`, and tells the cluster that its old id left.

        A node that has met no other tells nothing of its old id. Its new generation is above the
        one that is known here of `node_id`, so that its claim wins.
        """
        table, old = self._table, self._table.own
        met = len(table.rows) > 1
        known = table.rows.get(node_id)
        generation = max(old.generation, known.generation if known else 0) + 1
        generation = min(max(generation, self._runtime.wall_ms()), LARGEST)
        own = first_claim(node_id, generation, self._tags)
        table.become(own, self._runtime.now)
        self._gossip.drop(old.id)
        self._raised = 0.0
        if met:
            left = Claim(old.id, old.generation, old.incarnation, LEFT)
            table.add(left, self._runtime.now)
            self._gossip.tell(left)
        self._announce(own)
        self._runtime.notify(events.IdChanged(node_id, old.id))

    def tag(self, tags: str) -> None:
        """Gives this node the tags of this text from now on; does nothing while it leaves."""
        if self.leaving or tags == self._tags:
            return
        self._tags = tags
        own = self._table.own
        self._become(*above(own.claim(self._runtime.now)), tags=True)

    def refute_tags(self, claim: Claim) -> bool:
        """Tells the own tags anew where a claim about this node has newer ones.

        They are of a process that was set back, or somebody made them up. Returns whether it did,
        which it does once a second at most.
        """
        if self.leaving or claim.tags is None:
            return False
        if not self._runtime.allows("tags", _TAGS_REFUTED):
            self._runtime.reject("tags refuted")
            return False
        own = self._table.own
        newest = max(own.incarnation, claim.tags.incarnation)
        self.refutations += 1
        self._become(*above(Claim(own.id, own.generation, newest, ALIVE)), tags=True)
        self._runtime.notify(events.Refuted(own.incarnation, "tags"))
        return True

    def refute(self, claim: Claim) -> bool:
        """Contradicts a claim about this node that wins over its own row. Returns whether it did.

        A doubt under the present generation is refuted by an incarnation above the doubt's (SWIM
        4.2). It also lowers local health: others were right that this node did not answer in time
        (Lifeguard IV.A). A larger generation cannot be refuted, because it belongs to another
        process: an earlier one of this node, started under a clock that was ahead, or a second one
        under the same id. This node takes a generation above it, as far as `_may_raise` allows.

        Generations of any size are accepted, of this node and of others. To refuse those that are
        ahead of the clock would mean ahead of this node's own, and where that is the wrong one, its
        node would refuse all others. Nor is it needed: a member can go above any generation.
        """
        own = self._table.own
        if self.leaving or not beats(claim, own):
            return False
        if claim.generation > own.generation:
            if not self._may_raise():
                self._runtime.reject("conflict")
                return False
            self._become(*above(claim, generation=True))
            return True
        self.refutations += 1
        if claim.state != ALIVE:
            self._awareness.change(1)
        self._become(*above(claim))
        self._runtime.notify(events.Refuted(own.incarnation, STATES[claim.state]))
        return True

    def _may_raise(self) -> bool:
        """Counts a raise of the own generation. Returns False if there were too many of late.

        Without a limit, two processes under one id would outbid each other for ever, and every
        raise is news to the whole cluster. With a limit for good, a process could never come back
        after the other one is gone, because the last generation of the other would stay above its
        own. So the raises leak out of a bucket, one in `_RAISE_SECONDS`.
        """
        now = self._runtime.now
        self._raised = max(0.0, self._raised - (now - self._raised_at) / _RAISE_SECONDS)
        self._raised_at = now
        if self._raised > _RAISES - 1:
            return False
        self._raised += 1
        return True

    def _become(self, generation: int, incarnation: int, *, tags: bool = False) -> None:
        """Takes a generation and an incarnation, and with `tags` tells the tags as of these."""
        own = self._table.own
        if tags or generation != own.generation:
            said = Tags(incarnation, self._tags) if tags or self._tags else None
        else:
            said = own.tags
        claim = Claim(own.id, generation, incarnation, ALIVE, tags=said)
        self._table.change(own, claim, self._runtime.now)
        self._table.tag(own, said)
        self._announce(claim)

    def _announce(self, claim: Claim) -> None:
        self._outbox.introduce(claim)
        self._gossip.tell(claim, first=True)


def first_claim(node_id: str, generation: int, tags: str) -> Claim:
    """Returns what a node says of itself as a generation of it begins."""
    return Claim(node_id, generation, 0, ALIVE, tags=Tags(0, tags) if tags else None)
