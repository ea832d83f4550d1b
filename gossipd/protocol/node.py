"""The one object that a driver holds.

Decodes datagrams and hands each message to the part it belongs to; keeps time; collects effects.
What the messages mean is said in the parts: `detector`, `membership`, `contacts`, `leaving`,
`pushes`, `counting`, `reconcile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from .address import Address, parse_node_id
from .config import Identity, ProtocolConfig
from .counters import VALUE_LIMIT, Counters, Increment, Ledger
from .effects import Effect, Write
from .fingerprint import Gates
from .handshake import Handshake
from .inbox import Inbox
from .membership import (
    Awareness,
    Challenges,
    Contacts,
    Detector,
    Discovery,
    Echoes,
    Gossip,
    Leaving,
    MemberTable,
    MemberView,
    RoundTrips,
    View,
)
from .outbox import Outbox
from .part import Part
from .reconcile import Reconciler, RowExchange, VersionExchange
from .runtime import Runtime
from .state import State
from .statistics import Statistics
from .wire import ALIVE, DEAD, LEFT, SUSPECT, Claim, Codec, Group

_TIMERS_PER_CALL = 10_000


class Node:
    """A member of the cluster, without I/O, clock or randomness of its own.

    Every input and command returns the effects to be carried out, in order, before the next input.
    `now` is in seconds, never falls, and may start anywhere. A driver reads the time once per wake-
    up, hands over all datagrams that wait, and only then calls `handle_timeout`, with that same
    time: so that an ack which waited while the process was paused counts before the time-out it
    belongs to.
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
        generation = max(_own_generation(kept, identity.node_id) + 1, identity.wall_ms)
        own = Claim(identity.node_id, generation, 0, ALIVE)
        key = config.cluster.encode()
        codec = Codec(config.cluster)

        # What the parts share.
        self._runtime = runtime = Runtime(config, identity, rng, now)
        self._table = table = MemberTable(own, key, rng, now)
        ledger = Ledger(key)
        gates = Gates(table.fingerprint, ledger.fingerprint)
        round_trips = RoundTrips(config.member_limit)
        outbox = Outbox(runtime, codec, own, table.removed)

        # The parts. Each is given what it speaks to, and nothing is assigned onto it later.
        self._counters = Counters(runtime, outbox, table, ledger, round_trips)
        changed = self._counters.members_changed
        awareness = Awareness(config.awareness_max, enabled=config.local_health)
        echoes = Echoes(runtime, gates, round_trips)
        gossip = Gossip(runtime, outbox, table)
        self._view = view = View(runtime, outbox, table, gossip, awareness, changed)
        detector = Detector(runtime, outbox, table, view, echoes, gossip, awareness)
        self._contacts = contacts = Contacts(runtime, outbox, table, echoes, gossip)
        discovery = Discovery(runtime, outbox, table, echoes, contacts)
        self._leaving = Leaving(runtime, outbox, table, view, echoes, gates, discovery)
        writes = self._counters.writes
        rows = RowExchange(runtime, outbox, table, view)
        versions = VersionExchange(runtime, outbox, table, ledger, writes)
        reconciler = Reconciler(gates, rows, versions)
        challenges = Challenges(runtime, outbox, table, echoes)
        handshake = Handshake(table, view, echoes, gossip, challenges, discovery, reconciler)

        # In the order in which they start.
        parts: list[Part] = [
            *(runtime, awareness, echoes, gossip, view),
            *(detector, contacts, discovery, self._leaving),
            *self._counters.parts,
            *(rows, versions, reconciler, handshake, outbox),
        ]
        self._inbox = Inbox(runtime, codec, table, contacts, handshake, parts)
        self._parts = (*parts, self._inbox)
        self._restore(kept)

    def assume(self, members: Sequence[Claim]) -> None:
        """Takes these members for met: to be called before `start`, by whoever starts them all.

        Nothing is sent or notified. Their order decides nothing.
        """
        self._contacts.assume(members)

    # Inputs

    def start(self, now: float) -> list[Effect]:
        """Begins to probe and to try known members."""
        self._begin(now)
        for part in self._parts:
            part.start()
        return self._end()

    def handle_datagram(self, data: bytes, source: Address, now: float) -> list[Effect]:
        """Takes a datagram. Bytes that are not one of ours are counted and change nothing else."""
        self._begin(now)
        self._inbox.take(data, source)
        return self._end()

    def handle_timeout(self, now: float) -> list[Effect]:
        """Fires every timer that is due; none may be, then nothing happens."""
        self._begin(now)
        for _ in range(_TIMERS_PER_CALL):
            action = self._runtime.timers.pop_due(now)
            if action is None:
                break
            action()
        return self._end()

    def persisted(self, write: Write, now: float) -> list[Effect]:
        """`write` is on disk. Raises ValueError if an earlier one was not reported yet."""
        self._begin(now)
        self._counters.writes.persisted(write)
        return self._end()

    def persist_failed(self, write: Write, now: float) -> list[Effect]:
        """`write` may be on disk or not. Raises ValueError if an earlier one was not reported."""
        self._begin(now)
        self._counters.writes.persist_failed(write)
        return self._end()

    def restored(self, groups: Iterable[Group], now: float) -> list[Effect]:
        """What the store holds for certain, read back after a write to it failed."""
        self._begin(now)
        self._counters.writes.restored(groups)
        return self._end()

    def renew(self, now: float) -> list[Effect]:
        """This process may have been set back, with its machine, to how it was before: what it is
        asked to count from now on is counted under a new id.
        """
        self._begin(now)
        self._counters.writes.renew()
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

    def move(self, node_id: str, now: float) -> list[Effect]:
        """Leaves the own id and joins as `node_id`, with the same counts; nothing while leaving.

        Raises ValueError for what is no canonical `host:port`.
        """
        if parse_node_id(node_id) != node_id:
            raise ValueError(f"{node_id!r} is not in canonical form")
        self._begin(now)
        if node_id != self._table.own.id and not self._view.leaving:
            self._view.move(node_id)
            for part in self._parts:
                part.moved()
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
        return self.increments(name, [Increment(amount, ack, ticket)], now)

    def increments(self, name: str, asked: Sequence[Increment], now: float) -> list[Effect]:
        """The same for several at once, in this order and in one write, which costs less.

        Raises as `increment` does if they cannot all be done; then none of them is.
        """
        self._begin(now)
        self._counters.writes.increment(name, asked)
        return self._end()

    def sync(self, name: str, value: int, ack: str | None, ticket: int, now: float) -> list[Effect]:
        """Raises a counter to `value` if it is lower; an `Answer` with this ticket follows.

        Raises LimitExceeded beyond 2**53 - 1 or 100,000 floors, ValueError for a bad value or ack.
        """
        self._begin(now)
        self._counters.writes.sync(name, value, ack, ticket)
        return self._end()

    # Getters

    def next_timeout(self) -> float | None:
        """Returns when `handle_timeout` is to be called, None before `start`."""
        return self._runtime.timers.next_deadline()

    def members(self) -> list[MemberView]:
        """Returns every row of the table, this node's own included, sorted by id."""
        return self._table.views()

    def peers(self) -> list[str]:
        """Returns the ids of alive, suspect, and registered but still silent peers, sorted."""
        return sorted({**self._table.live, **dict.fromkeys(self._contacts.registered)})

    def count(self, name: str) -> int:
        """Returns the present value of a counter, at most 2**53 - 1; 0 for a name never counted."""
        return min(self._counters.ledger.value(name), VALUE_LIMIT)

    def statistics(self) -> Statistics:
        """Returns what was counted so far. Read the value, do not keep or change it."""
        return Statistics.gathered(self._parts)

    def state(self) -> State:
        """Returns what a store would keep for the next run."""
        table = self._table
        rows = table.rows.values()
        known = (row.claim() for row in rows if row is not table.own)
        return State(
            table.own.generation,
            (*known, *self._contacts.remembered()),
            tuple(row.id for row in rows if row.removed),
            tuple(self._counters.ledger.all_groups()),
        )

    def revision(self) -> tuple[int, ...]:
        """Returns a value that changes whenever `state` does, but for suspicions."""
        table, changes = self._table, self._counters.ledger.changes
        return (table.fingerprint.total, len(table.removed), len(table.rows), changes)

    # Each input

    def _begin(self, now: float) -> None:
        """Sets the time and accounts for lateness, before anything else is done."""
        lateness = self._runtime.advance(now)
        if lateness is not None:
            for part in self._parts:
                part.paused(lateness)

    def _end(self) -> list[Effect]:
        return self._runtime.take_effects()

    def _restore(self, kept: State) -> None:
        for group in kept.groups:
            self._counters.ledger.apply(group)
        for claim in kept.members:
            if claim.id == self._table.own.id:
                continue  # a copy of another node's directory
            removed = claim.id in kept.removed
            if removed or claim.state in (DEAD, LEFT):
                # A suspicion ended with the process that had it: without one, suspect is for ever.
                state = ALIVE if claim.state == SUSPECT else claim.state
                known = Claim(claim.id, claim.generation, claim.incarnation, state, claim.accuser)
                row = self._table.add(known, self._runtime.now)
                self._table.set_removed(row, removed)
            else:
                # What was alive may be gone by now: it is tried, not believed in.
                self._contacts.remember(claim)


def _own_generation(kept: State, node_id: str) -> int:
    """The largest generation that the kept state knows of this node's id."""
    known = [claim.generation for claim in kept.members if claim.id == node_id]
    return max([kept.generation, *known])
