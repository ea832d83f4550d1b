"""The one object that a driver holds.

Decodes datagrams and hands each message to the part it belongs to; keeps time; collects effects. What
the messages mean is said in the parts: `detector`, `membership`, `contacts`, `leaving`, `pushes`,
`counting`, `reconcile`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import attrs

from .answers import Answers
from .awareness import Awareness
from .codec import DecodeError
from .config import Identity, ProtocolConfig
from .contacts import Contacts
from .counting import Counting
from .detector import Detector
from .effects import Effect, Write
from .events import ForeignDatagram, IdConflict, Paused
from .leaving import Leaving
from .ledger import Ledger
from .members import Address, Member, MemberView
from .membership import Membership
from .messages import (
    ALIVE,
    DEAD,
    KINDS,
    LEFT,
    STATES,
    Ack,
    Claim,
    Claims,
    Confirm,
    Delta,
    Group,
    Haves,
    Message,
    Nack,
    Ping,
    PingReq,
    Push,
    Rows,
    Sender,
    Sums,
)
from .outbox import Outbox, count_traffic
from .pings import CONTACT, LEAVE, PROBE, RELAY, Pings
from .pushes import Pushes
from .reconcile import Reconciler
from .state import State
from .statistics import Statistics

_TIMERS_PER_CALL = 10_000


@attrs.frozen
class _Peer:
    """Where a datagram came from: its address, its sender, and the sender's row if it has one."""

    source: Address
    sender: Sender
    row: Member | None
    size: int


class Node:
    """A member of the cluster, without I/O, clock or randomness of its own.

    Every input and command returns the effects to be carried out, in order, before the next input.
    `now` is in seconds, never falls, and may start anywhere. A driver reads the time once per wake-up,
    hands over all datagrams that wait, and only then calls `handle_timeout`, with that same time: so
    that an ack which waited while the process was paused counts before the time-out it belongs to.
    """

    def __init__(
        self,
        config: ProtocolConfig,
        identity: Identity,
        *,
        state: State | None,
        rng: Random,
        now: float,
    ) -> None:
        kept = state or State()
        generation = max(kept.generation + 1, identity.wall_ms)
        self._out = out = Outbox(config, identity, generation, rng, now)
        self._awareness = Awareness(config.awareness_max, enabled=config.local_health)
        self._membership = Membership(out, self._awareness)
        self._pings = Pings(out)
        self._detector = Detector(out, self._membership, self._pings, self._awareness)
        self._contacts = Contacts(out, self._pings)
        self._leaving = Leaving(out, self._membership, self._pings)
        self._ledger = Ledger(config.cluster.encode())
        self._pushes = Pushes(out, self._ledger, self._detector)
        self._answers = Answers(out, self._pushes)
        self._counting = Counting(out, self._ledger, self._pushes, self._answers)
        self._reconciler = Reconciler(out, self._membership, self._ledger, self._counting)
        self._detector.gates = self._contacts.gates = self._reconciler.gates
        out.dirty = self._gossip_soon
        self._credit = config.pause_credit
        self._handlers: dict[type, Callable[..., None]] = {
            PingReq: self._on_ping_req,
            Nack: self._on_nack,
            Claims: self._on_claims,
            Push: self._on_push,
            Confirm: self._on_confirm,
            Sums: self._on_sums,
            Rows: self._on_rows,
            Haves: self._on_haves,
            Delta: self._on_delta,
        }
        self._restore(kept)

    # Inputs

    def start(self, now: float) -> list[Effect]:
        """Begins to probe and to try known members."""
        self._begin(now)
        self._detector.start()
        self._contacts.start()
        for row in list(self._out.table.rows.values()):
            if row is not self._out.table.own and not row.removed:
                self._contacts.ping(row.address)
        return self._end()

    def handle_datagram(self, data: bytes, source: Address, now: float) -> list[Effect]:
        """Takes a datagram. Bytes that are not one of ours are counted and change nothing else."""
        self._begin(now)
        try:
            sender, messages, unknown = self._out.codec.decode(data)
        except DecodeError as error:
            self._foreign(error, source)
            return self._end()
        for _ in range(unknown):
            self._out.reject("message")
        kind = KINDS[type(messages[0])] if messages else "none"
        count_traffic(self._out.statistics.received, kind, len(data))
        if self._admitted(sender, messages, source):
            row = self._out.table.rows.get(sender.id)
            self._dispatch(_Peer(source, sender, row, len(data)), messages)
        return self._end()

    def handle_timeout(self, now: float) -> list[Effect]:
        """Fires every timer that is due; none may be, then nothing happens."""
        self._begin(now)
        for _ in range(_TIMERS_PER_CALL):
            action = self._out.timers.pop_due(now)
            if action is None:
                break
            action()
        return self._end()

    def persisted(self, write: Write, now: float) -> list[Effect]:
        """`write` is on disk. Raises ValueError if an earlier one was not reported yet."""
        self._begin(now)
        self._counting.persisted(write)
        return self._end()

    def persist_failed(self, write: Write, now: float) -> list[Effect]:
        """`write` may or may not be on disk. Raises ValueError if an earlier one was not reported."""
        self._begin(now)
        self._counting.persist_failed(write)
        return self._end()

    def resolved(self, ticket: int, addresses: list[Address], now: float) -> list[Effect]:
        """The addresses that the name of a `Resolve` has; none if the look-up failed."""
        self._begin(now)
        self._contacts.resolved(ticket, addresses)
        return self._end()

    # Commands

    def join(self, seeds: list[str], now: float) -> list[Effect]:
        """Contacts these names, and goes on as long as they are no live members.

        Raises ValueError for a name that is no `host:port`.
        """
        self._begin(now)
        self._contacts.join(seeds)
        return self._end()

    def leave(self, now: float) -> list[Effect]:
        """Says `left` to several peers; `LeaveDone` is notified within the grace time."""
        self._begin(now)
        self._leaving.leave()
        return self._end()

    def register(self, text: str, now: float) -> list[Effect]:
        """Lists a peer at once and contacts it; shows it again if it was removed.

        Raises ValueError for a name that is no `host:port`, or if too many are silent.
        """
        self._begin(now)
        self._contacts.register(text)
        return self._end()

    def remove(self, text: str, now: float) -> list[Effect]:
        """Hides a peer from this node until it is registered again.

        Raises ValueError for a name that is no `host:port`.
        """
        self._begin(now)
        self._contacts.remove(text)
        return self._end()

    def increment(
        self, name: str, amount: int, ack: str | None, ticket: int, now: float
    ) -> list[Effect]:
        """Adds to a counter; an `Answer` with this ticket follows, here or from a later input.

        Raises LimitExceeded if the value would pass 2**53 - 1, ValueError for a bad amount or ack.
        """
        self._begin(now)
        self._counting.increment(name, amount, ack, ticket)
        return self._end()

    def sync(
        self, name: str, value: int, ack: str | None, ticket: int, now: float
    ) -> list[Effect]:
        """Raises a counter to `value` if it is lower; an `Answer` with this ticket follows.

        Raises LimitExceeded beyond 2**53 - 1 or 100,000 floors, ValueError for a bad value or ack.
        """
        self._begin(now)
        self._counting.sync(name, value, ack, ticket)
        return self._end()

    # Getters

    def next_timeout(self) -> float | None:
        """When `handle_timeout` is to be called, None before `start`."""
        return self._out.timers.next_deadline()

    def members(self) -> list[MemberView]:
        """Every row of the table, this node's own included, sorted by id."""
        return self._out.table.views()

    def peers(self) -> list[str]:
        """Ids of alive and suspect peers and of registered ones that have not answered yet, sorted."""
        return sorted({**self._out.table.live, **dict.fromkeys(self._contacts.listed())})

    def count(self, name: str) -> int:
        """The present value of a counter, at most 2**53 - 1; 0 for a name never counted."""
        return min(self._ledger.value(name), 2**53 - 1)

    def statistics(self) -> Statistics:
        """What was counted so far. The value is the node's own: read it, do not keep it."""
        statistics = self._out.statistics
        members = dict.fromkeys((*STATES, "joining", "removed"), 0)
        for row in self._out.table.rows.values():
            members["removed" if row.removed else STATES[row.state]] += 1
        members["joining"] = len(self._contacts.listed())
        statistics.members = members
        statistics.local_health = self._awareness.score
        return statistics

    def state(self) -> State:
        """What a store would keep for the next run."""
        rows = self._out.table.rows.values()
        return State(
            self._out.generation,
            tuple(row.claim() for row in rows if row is not self._out.table.own),
            tuple(row.id for row in rows if row.removed),
            tuple(self._ledger.all_groups()),
        )

    # Time

    def _begin(self, now: float) -> None:
        """Accounts for lateness before anything else is done.

        Time in which this process did not run is no fault of others: every open deadline is extended
        by it, and local health falls (Lifeguard's reasoning, applied to what is known for certain).
        """
        out = self._out
        due = out.timers.next_deadline()
        since, out.now = out.now, now
        if due is None or now - due <= out.config.pause_tolerance or not out.config.pause_compensation:
            return
        late = now - max(due, since)
        if late <= out.config.pause_tolerance:
            return
        out.statistics.pauses += 1
        out.statistics.paused_seconds += late
        if self._credit > 0:
            self._credit -= late
            out.timers.extend(late)
            self._membership.extend(late)
            self._pings.no_samples()
        self._awareness.change(1)
        out.notify(Paused(late))

    def _end(self) -> list[Effect]:
        effects, self._out.effects = self._out.effects, []
        return effects

    # Datagrams

    def _foreign(self, error: DecodeError, source: Address) -> None:
        out = self._out
        out.reject(error.reason)
        if error.theirs and self._contacts.knows(source):
            ours = f"cluster {out.config.cluster!r}"
            where = f"{source[0]}:{source[1]}"
            out.notify_seldom(where, ForeignDatagram(where, ours, error.theirs))

    def _admitted(self, sender: Sender, messages: list[Message], source: Address) -> bool:
        """Whether this sender is another node that may speak to us."""
        own = self._out.table.own
        row = self._out.table.rows.get(sender.id)
        if sender.id == own.id or sender.nonce == self._out.identity.nonce:
            if sender.nonce == self._out.identity.nonce:
                for message in messages:
                    if isinstance(message, Ping):
                        self._contacts.reached_self(message.number)
            else:
                where = f"{source[0]}:{source[1]}"
                self._out.notify_seldom("conflict", IdConflict(own.id, where))
            self._out.reject("own id")
        elif row is not None and row.removed:
            self._out.reject("removed")
        else:
            return True
        return False

    def _dispatch(self, peer: _Peer, messages: list[Message]) -> None:
        """Acks first show who is at an address; data of an address that did not echo is left alone."""
        for message in messages:
            if isinstance(message, Ack):
                self._on_ack(message, peer)
        verified = self._pings.verified(peer.source, peer.sender)
        row = self._meet(peer) if verified else None
        for message in messages:
            if isinstance(message, Ping):
                self._on_ping(message, peer, row)
            elif not isinstance(message, Ack):
                if row is None:
                    self._out.reject("unverified")
                    self._challenge(peer)
                    return
                self._handlers[type(message)](message, peer.source, row)

    def _meet(self, peer: _Peer) -> Member | None:
        """The sender's row, brought up to its own word."""
        sender = peer.sender
        rows = self._out.table.rows
        row = rows.get(sender.id)
        known = (row.generation, row.incarnation) if row else (-1, -1)
        if (sender.generation, sender.incarnation) > known:
            claim = Claim(sender.id, sender.generation, sender.incarnation, ALIVE)
            if self._membership.apply(claim):
                self._settle(rows[sender.id])
            row = rows.get(sender.id)
        if row is None or sender.generation < row.generation:
            return None
        return row

    def _settle(self, row: Member) -> None:
        self._pushes.catch_up(row)
        self._answers.settle()

    def _challenge(self, peer: _Peer) -> None:
        number = self._pings.challenge(peer.source, peer.sender)
        self._out.send(peer.source, Ack(0, challenge=number))

    def _on_ping(self, ping: Ping, peer: _Peer, row: Member | None) -> None:
        own = self._out.table.own
        if ping.target not in ("", own.id) or self._membership.leaving:
            return
        if row is None:
            number = self._pings.challenge(peer.source, peer.sender)
            data = self._out.datagram(Ack(ping.number, challenge=number))
            if len(data) <= peer.size:
                self._out.transmit(data, peer.source, "ack")
            else:
                self._out.reject("short ping")
            return
        members, counters = self._reconciler.gates()
        self._out.send_news(peer.source, row, Ack(ping.number, members, counters))
        if ping.members or ping.counters:
            self._reconciler.compare(ping.members, ping.counters, peer.source)

    def _on_ack(self, ack: Ack, peer: _Peer) -> None:
        sent = self._pings.get(ack.number)
        if sent is not None:
            if peer.source == sent.address:
                self._pings.echo(peer.source, peer.sender)
                self._detector.sample(peer.sender.id, sent)
            if sent.purpose == PROBE:
                self._detector.on_ack(ack.number, sent, peer.source)
            elif sent.purpose == RELAY:
                self._detector.on_relay_ack(ack.number)
            elif sent.purpose == CONTACT:
                self._contacts.on_ack(ack.number, sent, peer.sender.id)
            elif sent.purpose == LEAVE:
                self._leaving.on_ack(ack.number, sent)
        elif ack.number and ack.number == self._pings.challenge(peer.source, peer.sender):
            fresh = not self._pings.verified(peer.source, peer.sender)
            self._pings.echo(peer.source, peer.sender)
            if fresh and self._meet(peer) is not None:
                self._reconciler.begin(peer.source)
        if ack.challenge:
            self._out.send(peer.source, Ack(ack.challenge))

    def _on_ping_req(self, request: PingReq, source: Address, row: Member) -> None:
        self._detector.on_ping_req(request, source)

    def _on_nack(self, nack: Nack, source: Address, row: Member) -> None:
        self._detector.on_nack(nack, source)

    def _on_claims(self, claims: Claims, source: Address, row: Member) -> None:
        for claim in claims.claims:
            if self._membership.apply(claim):
                changed = self._out.table.rows.get(claim.id)
                if changed is not None:
                    self._settle(changed)

    def _on_push(self, push: Push, source: Address, row: Member) -> None:
        self._counting.merge(push.group)
        version = self._ledger.have(push.group.owner)
        self._out.send(source, Confirm(push.number, push.group.owner, version))

    def _on_confirm(self, confirm: Confirm, source: Address, row: Member) -> None:
        self._counting.on_confirm(confirm, row)

    def _on_sums(self, sums: Sums, source: Address, row: Member) -> None:
        self._reconciler.on_sums(sums, source)

    def _on_rows(self, rows: Rows, source: Address, row: Member) -> None:
        self._reconciler.on_rows(rows, source, row)
        for claim in rows.claims:
            changed = self._out.table.live.get(claim.id)
            if changed is not None:
                self._pushes.catch_up(changed)
        self._answers.settle()

    def _on_haves(self, haves: Haves, source: Address, row: Member) -> None:
        self._reconciler.on_haves(haves, source)

    def _on_delta(self, delta: Delta, source: Address, row: Member) -> None:
        self._reconciler.on_delta(delta, source)

    # Gossip

    def _gossip_soon(self) -> None:
        if "gossip" not in self._out.timers:
            wait = self._out.config.gossip_interval * self._out.rng.random()
            self._out.timers.set("gossip", self._out.now + wait, self._gossip)

    def _gossip(self) -> None:
        """One round: as much news as fits to a few random peers."""
        out = self._out
        if not out.queue:
            return
        for row in out.table.sample(out.config.fanout):
            if out.queue:
                out.send_news(row.address, row)
        if out.queue and out.table.live:
            out.timers.set("gossip", out.now + out.config.gossip_interval, self._gossip)

    def _restore(self, kept: State) -> None:
        for group in kept.groups:
            self._ledger.apply(Group(group.owner, 0, group.upto, group.entries))
        for claim in kept.members:
            # What was alive may be gone by now: it is tried, and until it answers it is not listed.
            state = claim.state if claim.state in (DEAD, LEFT) else DEAD
            if claim.id not in self._out.table.rows:
                row = self._out.table.add(
                    Claim(claim.id, claim.generation, claim.incarnation, state),
                    self._out.now,
                )
                self._out.table.hide(row, claim.id in kept.removed)
