"""Takes datagrams: decodes them, knows who may speak, and hands each message to its part."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs

from .counters.answers import Answers
from .counters.ledger import Ledger
from .counters.pushes import Pushes
from .counters.relays import Spreading
from .counters.writes import Counting
from .events import ForeignDatagram, IdConflict
from .membership.claims import Membership
from .membership.contacts import Contacts
from .membership.detector import Detector
from .membership.discovery import Discovery
from .membership.echoes import CONTACT, LEAVE, PROBE, RELAY, Pings
from .membership.leaving import Leaving
from .membership.table import Address, Member
from .outbox import Outbox, count_traffic
from .reconcile import Reconciler
from .wire.codec import DecodeError
from .wire.messages import (
    ALIVE,
    KINDS,
    Ack,
    Beacon,
    Claim,
    Claims,
    Confirm,
    Content,
    Delta,
    Haves,
    Message,
    Nack,
    Ping,
    PingReq,
    Push,
    Rows,
    Sender,
    Spread,
    SpreadDone,
    Sums,
)

_PADDING = 32
_ANSWERED_BY_MORE = (Sums, Rows, Haves, Delta, Content)


@attrs.define
class _Peer:
    """Where a datagram came from; `budget` is what may be sent back before it echoed a number."""

    source: Address
    sender: Sender
    budget: int


@attrs.define(kw_only=True)
class Inbox:
    """The way in, over all parts of a node."""

    out: Outbox
    membership: Membership
    pings: Pings
    detector: Detector
    contacts: Contacts
    discovery: Discovery
    leaving: Leaving
    ledger: Ledger
    pushes: Pushes
    spreading: Spreading
    answers: Answers
    counting: Counting
    reconciler: Reconciler
    _handlers: dict[type, Callable[..., None]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._handlers = {
            PingReq: self._on_ping_req,
            Nack: self._on_nack,
            Claims: self._on_claims,
            Push: self._on_push,
            Confirm: self._on_confirm,
            Sums: self._on_sums,
            Rows: self._on_rows,
            Haves: self._on_haves,
            Delta: self._on_delta,
            Spread: self._on_spread,
            SpreadDone: self._on_spread_done,
            Content: self._on_content,
        }

    def take(self, data: bytes, source: Address) -> None:
        """One datagram. Bytes that are not one of ours are counted and change nothing else."""
        try:
            sender, messages, unknown = self.out.codec.decode(data)
        except DecodeError as error:
            self._foreign(error, source)
            return
        for _ in range(unknown):
            self.out.reject("message")
        kind = KINDS[type(messages[0])] if messages else "none"
        count_traffic(self.out.statistics.received, kind, len(data))
        if self._admitted(sender, messages, source):
            self._dispatch(_Peer(source, sender, len(data)), messages)

    def _foreign(self, error: DecodeError, source: Address) -> None:
        out = self.out
        out.reject(error.reason)
        if error.theirs and self.contacts.knows(source):
            where = f"{source[0]}:{source[1]}"
            out.notify_seldom(where, ForeignDatagram(where, error.ours, error.theirs))

    def _admitted(self, sender: Sender, messages: list[Message], source: Address) -> bool:
        """Whether this sender is another node that may speak to us."""
        own = self.out.table.own
        row = self.out.table.rows.get(sender.id)
        if sender.id == own.id:
            if sender.nonce == self.out.identity.nonce:
                for message in messages:
                    if isinstance(message, Ping):
                        self.contacts.reached_self(message.number)
            else:
                where = f"{source[0]}:{source[1]}"
                self.out.notify_seldom("conflict", IdConflict(own.id, where))
            self.out.reject("own id")
        elif row is not None and row.removed:
            self.out.reject("removed")
        else:
            return True
        return False

    def _dispatch(self, peer: _Peer, messages: list[Message]) -> None:
        """Acks first, they show who is there; data of an address that did not echo is refused.

        A member that others vouched for may speak from its own address before it echoed anything,
        but what would be answered by more than it sent waits for the echo.
        """
        for message in messages:
            if isinstance(message, Ack):
                self._on_ack(message, peer)
        verified = self.pings.verified(peer.source, peer.sender)
        met = self._meet(peer) if verified else None
        if met is not None:
            self.discovery.met(peer.source, met.id)
        row = met or self._vouched_for(peer)
        for message in messages:
            if isinstance(message, Ping):
                self._on_ping(message, peer, met)
            elif isinstance(message, Beacon):
                heard = self.discovery.heard(message, peer.sender, peer.source, peer.budget)
                peer.budget -= heard
            elif not isinstance(message, Ack):
                if row is None or (met is None and type(message) in _ANSWERED_BY_MORE):
                    self.out.reject("unverified")
                    if verified and row is None and isinstance(message, Claims):
                        self._told_of_ourselves(message)
                    else:
                        self._challenge(peer)
                    return
                self._handlers[type(message)](message, peer.source, row)

    def _vouched_for(self, peer: _Peer) -> Member | None:
        """The sender's row, if the sender speaks from its address and under its generation."""
        row = self.out.table.rows.get(peer.sender.id)
        if row is None or row.address != peer.source or row.generation != peer.sender.generation:
            return None
        return row

    def _meet(self, peer: _Peer) -> Member | None:
        """The sender's row, brought up to its own word."""
        sender = peer.sender
        rows = self.out.table.rows
        row = rows.get(sender.id)
        known = (row.generation, row.incarnation) if row else (-1, -1)
        if (sender.generation, sender.incarnation) > known:
            claim = Claim(sender.id, sender.generation, sender.incarnation, ALIVE)
            if self.membership.apply(claim):
                self._settle(rows[sender.id])
            row = rows.get(sender.id)
        if row is None or sender.generation < row.generation:
            return None
        return row

    def _settle(self, row: Member) -> None:
        self.pushes.catch_up(row)
        self.answers.settle()

    def _challenge(self, peer: _Peer, number: int = 0) -> None:
        """Acks the ping `number`, if any, and asks the sender to show that it is there.

        One that has shown it, but whose generation is below the one known here, started with a
        clock that was set back. It is told, so that it goes above.
        """
        row = self.out.table.rows.get(peer.sender.id)
        if row is not None and self.pings.verified(peer.source, peer.sender):
            self.out.send(peer.source, Ack(number), Claims([row.claim()]))
            return
        challenge = self.pings.challenge(peer.source, peer.sender)
        bare = len(self.out.datagram(Ack(number, challenge=challenge)))
        padding = bytes(min(max(peer.budget - bare, 0), _PADDING))
        self._reply(peer, Ack(number, challenge=challenge, padding=padding))

    def _told_of_ourselves(self, claims: Claims) -> None:
        """What a process that is older than the one known here says of this one is believed.

        It may be right to hold this one for older than it is known there, too: if each only told
        the other so, neither would ever listen.
        """
        for claim in claims.claims:
            if claim.id == self.out.table.own.id:
                self.membership.apply(claim)

    def _reply(self, peer: _Peer, ack: Ack) -> None:
        """Sends nothing larger than its request to an address that has not echoed a number."""
        data = self.out.datagram(ack)
        verified = self.pings.verified(peer.source, peer.sender)
        if verified or len(data) <= peer.budget:
            peer.budget -= len(data)
            self.out.transmit(data, peer.source, "ack")
        else:
            self.out.reject("short request")

    def _on_ping(self, ping: Ping, peer: _Peer, row: Member | None) -> None:
        own = self.out.table.own
        if ping.target not in ("", own.id):
            return
        if row is None:
            if not self.membership.leaving:
                self._challenge(peer, ping.number)
            return
        members, counters = self.reconciler.gates()
        self.out.send_news(peer.source, row, Ack(ping.number, members, counters))
        if ping.members or ping.counters:
            self.reconciler.compare(ping.members, ping.counters, peer.source)

    def _on_ack(self, ack: Ack, peer: _Peer) -> None:
        sent = self.pings.get(ack.number)
        if sent is not None:
            if peer.source == sent.address:
                self.pings.echo(peer.source, peer.sender)
                self.detector.sample(peer.sender.id, sent)
            if sent.purpose == PROBE:
                self.detector.on_ack(ack.number, sent, peer.source)
            elif sent.purpose == RELAY:
                self.detector.on_relay_ack(ack.number)
            elif sent.purpose == CONTACT:
                self.contacts.on_ack(ack.number, sent, peer.sender.id)
                row = self._meet(peer)
                if row is not None and row.live:
                    self._settle(row)
                    if ack.members or ack.counters:
                        self.reconciler.compare(ack.members, ack.counters, peer.source)
            elif sent.purpose == LEAVE:
                self.leaving.on_ack(ack, sent)
        elif ack.number and ack.number == self.pings.challenge(peer.source, peer.sender):
            fresh = not self.pings.verified(peer.source, peer.sender)
            self.pings.echo(peer.source, peer.sender)
            if fresh and self._meet(peer) is not None:
                self.reconciler.begin(peer.source)
            elif fresh:
                self._challenge(peer)
        if ack.challenge:
            self._reply(peer, Ack(ack.challenge))

    def _on_ping_req(self, request: PingReq, source: Address, row: Member) -> None:
        self.detector.on_ping_req(request, source)

    def _on_nack(self, nack: Nack, source: Address, row: Member) -> None:
        self.detector.on_nack(nack, source)

    def _on_claims(self, claims: Claims, source: Address, row: Member) -> None:
        for claim in claims.claims:
            if self.membership.apply(claim):
                changed = self.out.table.rows.get(claim.id)
                if changed is not None:
                    self._settle(changed)

    def _on_push(self, push: Push, source: Address, row: Member) -> None:
        confirm = partial(self._confirm, push.number, push.group.owner, source)
        self.counting.merge(push.group, confirm)

    def _confirm(self, number: int, owner: bytes, to: Address) -> None:
        self.out.send(to, Confirm(number, owner, self.ledger.have(owner)))

    def _on_confirm(self, confirm: Confirm, source: Address, row: Member) -> None:
        if confirm.owner == self.counting.owner:
            self.counting.on_confirm(confirm, row)
        else:
            self.spreading.on_confirm(confirm, row)

    def _on_spread(self, spread: Spread, source: Address, row: Member) -> None:
        self._on_push(Push(spread.number, spread.group), source, row)
        self.spreading.relay(spread, source)

    def _on_spread_done(self, done: SpreadDone, source: Address, row: Member) -> None:
        if done.owner == self.counting.owner:
            self.spreading.on_done(done, source)

    def _on_sums(self, sums: Sums, source: Address, row: Member) -> None:
        self.reconciler.on_sums(sums, source)

    def _on_rows(self, rows: Rows, source: Address, row: Member) -> None:
        self.reconciler.on_rows(rows, source, row)
        for claim in rows.claims:
            changed = self.out.table.live.get(claim.id)
            if changed is not None:
                self.pushes.catch_up(changed)
        self.answers.settle()

    def _on_haves(self, haves: Haves, source: Address, row: Member) -> None:
        self.reconciler.on_haves(haves, source)

    def _on_delta(self, delta: Delta, source: Address, row: Member) -> None:
        self.reconciler.on_delta(delta, source)

    def _on_content(self, content: Content, source: Address, row: Member) -> None:
        self.reconciler.on_content(content, source)
