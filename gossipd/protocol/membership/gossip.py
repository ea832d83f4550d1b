"""Gossip: claims ride on other datagrams, and are sent in rounds of their own while there are any.

A member that is suspect, dead or left here is told so in every datagram to it, so that it can
refute at once (Lifeguard's buddy system, section IV.C).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..address import Address
from ..outbox import Outbox
from ..part import Part
from ..runtime import Runtime
from ..wire import (
    ALIVE,
    DEAD,
    FRAME_BYTES,
    KINDS,
    LEFT,
    REFUSED,
    SUSPECT,
    Claim,
    Claims,
    Message,
    frame,
)
from .piggyback import PiggybackQueue, transmit_limit
from .table import Member, MemberTable

_CLAIMS_BYTES = FRAME_BYTES + 8

_AT_ONCE = 64
"""Peers that a node tells of a claim at once, at most."""

_PASSED_ON = 32.0
"""Claims in a second that a node passes on at once, at most: each may cost `_AT_ONCE` datagrams."""


class Gossip(Part):
    """Tells the claims that this node has to pass on."""

    def __init__(self, runtime: Runtime, outbox: Outbox, table: MemberTable) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._queue = PiggybackQueue()

    def tell(self, claim: Claim, *, first: bool = False) -> None:
        """Queues a claim, before all others if `first`; a round follows within an interval."""
        self._queue.put(claim, first=first)
        if "gossip" not in self._runtime.timers:
            wait = self._runtime.config.gossip_interval * self._runtime.rng.random()
            self._runtime.after("gossip", wait, self._round)

    def drop(self, member: str) -> None:
        """Takes the claim about `member` out of the queue, if there is one."""
        self._queue.drop(member)

    def tell_all(self, claim: Claim) -> None:
        """Queues a claim about another member, and brings it to all alive peers at once.

        It goes directly to up to `_AT_ONCE` of them, which stand at equal distances on the ring.
        Where there are more, each passes it on to those that stand between it and the next one
        (`pass_on`). So some 4,000 peers are reached in two hops, each once or twice. Whom this does
        not reach is told by gossip; so are suspects, since most of them are gone.
        """
        self.drop(claim.id)
        others = self._others(claim)
        count = min(len(others), _AT_ONCE)
        for each in range(count):
            self._tell(others[len(others) * each // count], claim)
        self.tell(claim, first=True)

    def pass_on(self, claim: Claim) -> None:
        """Brings a claim that its accuser told this node to those whom it left to this node.

        This is for what `tell_all` is for: new verdicts, and whatever rests on refused pings.
        """
        verdict = claim.state == DEAD and not claim.age and self._runtime.config.verdicts_at_once
        branch = math.ceil((len(self._table.ring) - 1) / _AT_ONCE) - 1
        if branch < 1 or not (verdict or claim.evidence == REFUSED):
            return
        if self._runtime.allows("pass on", _PASSED_ON):
            for row in self._others(claim)[: min(branch, _AT_ONCE)]:
                self._tell(row, claim)

    def _others(self, claim: Claim) -> list[Member]:
        """Returns the alive peers but the claim's subject, from the next one on the ring on."""
        ring, live = self._table.ring, self._table.live
        rows = [live[each] for each in ring.others(self._table.own.id)]
        return [row for row in rows if row.state == ALIVE and row.id != claim.id]

    def _tell(self, row: Member, claim: Claim) -> None:
        if row.id != claim.accuser:
            self.send(row.address, row, Claims([claim]))

    def send(self, to: Address, row: Member | None, *messages: Message) -> bytes:
        """Sends messages in one datagram, together with as many claims as fit.

        `row` is the member at the address `to`, or None if it is unknown. Returns the datagram,
        which is empty if there was nothing to send.
        """
        frames = [frame(message) for message in messages]
        left = self._outbox.payload_bytes - sum(map(len, frames))
        claims = self._claims_for(row, left - _CLAIMS_BYTES)
        if claims:
            frames.append(frame(Claims(claims)))
        if not frames:
            return b""
        kind = KINDS[type(messages[0])] if messages else "claims"
        return self._outbox.send_frames(to, frames, kind)

    def waiting(self) -> Mapping[str, int]:
        """Returns how many claims are queued."""
        return {"claims": len(self._queue)}

    def _round(self) -> None:
        """Sends as many claims as fit to a few random peers (memberlist's gossip round)."""
        runtime = self._runtime
        if not self._queue:
            return
        told = [self.send(row.address, row) for row in self._table.sample(runtime.config.fanout)]
        # The claims that are left may all be about the only peers that could be told. A peer is not
        # told of itself in rounds, so further ones would send nothing for ever.
        if self._queue and any(told):
            runtime.after("gossip", runtime.config.gossip_interval, self._round)

    def _claims_for(self, row: Member | None, budget: int) -> list[Claim]:
        config = self._runtime.config
        told: list[Claim] = []
        gone = row is not None and row.state in (DEAD, LEFT)
        if row is not None and (gone or (row.state == SUSPECT and config.buddy)):
            told.append(row.claim(self._runtime.now))
            budget -= 2 * len(row.id) + 32
        if self._queue:
            limit = transmit_limit(config.retransmit_mult, self._table.size())
            # Without the buddy system a suspect learns of the suspicion through ordinary gossip.
            besides = row.id if row is not None and (told or config.buddy) else ""
            # The queue keeps claims encoded; they encode to the same bytes as the claims would.
            told += self._queue.take(budget, limit, besides)  # type: ignore[arg-type]
        return told
