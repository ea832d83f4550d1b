"""The one object that a driver holds: a whole node, made of parts.

`Node` makes the parts, connects them, and passes each call of the driver on to the part that it
concerns. What the protocol does is written in the parts: those of `membership` and `counters`, and
`inbox`, `handshake`, `reconcile` and `outbox` in this package.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from msgspec import structs

from .address import Address, parse_node_id
from .config import Identity, ProtocolConfig
from .counters import VALUE_LIMIT, Counters, Increment, Ledger
from .effects import Effect, Write
from .fingerprint import Gates
from .foreign import Foreign
from .handshake import Handshake
from .inbox import Inbox
from .membership import (
    Awareness,
    Challenges,
    Contacts,
    Detector,
    Discovery,
    Echoes,
    Forgetting,
    Gossip,
    Leaving,
    MemberTable,
    MemberView,
    RoundTrips,
    SeedWatch,
    View,
)
from .outbox import Outbox
from .part import Part
from .reconcile import Reconciler, RowExchange, VersionExchange
from .runtime import Runtime
from .state import State
from .statistics import Statistics
from .wire import ALIVE, DEAD, FORGOTTEN, LEFT, SUSPECT, Claim, Codec, Group

_TIMERS_PER_CALL = 10_000
"""Timers fired in one `handle_timeout` at most, so that a timer which sets itself anew for the same
time cannot hold the driver for ever."""


class Node:
    """A member of the cluster, without I/O, clock or randomness of its own.

    Its methods are inputs, commands and getters:

    - Inputs tell the node what happened: `start`, `handle_datagram`, `handle_timeout`, `persisted`,
      `persist_failed`, `restored`, `resolved`.
    - Commands ask it to do something: `join`, `leave`, `register`, `remove`, `move`, `renew`,
      `increment`, `increments`, `sync`.
    - Getters change nothing: `next_timeout`, `members`, `peers`, `count`, `statistics`, `state`,
      `revision`.

    Every input and command returns effects: plain values that the driver carries out. Each takes
    the time as `now`, in seconds, which never falls and may start anywhere. The driver's contract:

    1. It carries out all effects of one call, in order and without a break, before the next call.
    2. On each wake-up it reads the time once, hands over all datagrams that wait, and only then
       calls `handle_timeout`, all with that one time. So an ack that waited while the process was
       paused counts before the time-out that it belongs to.
    3. It reports each `Persist` by `persisted` once it is on disk, in order; or, after a failure,
       that one and all that wait behind it by `persist_failed`.
    4. It carries out a `Record` before any effect that follows.
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
        """Makes a node that does nothing before `start`.

        Args:
            state: what a store kept of an earlier run, None for a node without a past.
            rng: the only source of randomness; the same one and the same inputs give the same run.
            now: the time, in seconds.
        """
        kept = state or State()
        generation = max(_own_generation(kept, identity.node_id) + 1, identity.wall_ms)
        own = Claim(identity.node_id, generation, 0, ALIVE)
        key, codec = config.cluster.encode(), Codec(config.cluster)

        # What the parts share.
        self._runtime = runtime = Runtime(config, identity, rng, now)
        self._table = table = MemberTable(own, key, rng, now)
        ledger = Ledger(key)
        gates = Gates(table.fingerprint, ledger.fingerprint)
        round_trips = RoundTrips(config.member_limit)
        outbox = Outbox(runtime, codec, own, table.removed)

        # The parts. Each is given the parts that it calls, so it is made after them. One call goes
        # across rooms: the view finds that a member changed, and the counters must send it what
        # this node has counted. They need no view, so they are made first.
        self._counters = counters = Counters(runtime, outbox, table, ledger, round_trips)
        awareness = Awareness(config.awareness_max, enabled=config.local_health)
        echoes = Echoes(runtime, gates, round_trips)
        gossip = Gossip(runtime, outbox, table)
        view = View(runtime, outbox, table, gossip, awareness, counters.members_changed)
        self._view = view
        detector = Detector(runtime, outbox, table, view, echoes, gossip, awareness)
        self._contacts = contacts = Contacts(runtime, outbox, table, echoes, gossip)
        seeds = SeedWatch(runtime, table, contacts)
        discovery = Discovery(runtime, outbox, table, echoes, contacts)
        self._leaving = Leaving(runtime, table, view, echoes, gossip, gates, discovery)
        rows = RowExchange(runtime, outbox, table, view)
        versions = VersionExchange(runtime, outbox, table, ledger, counters.writes)
        reconciler = Reconciler(gates, rows, versions)
        challenges = Challenges(runtime, outbox, table, echoes)
        handshake = Handshake(table, view, echoes, gossip, challenges, discovery, reconciler)

        # The order in which they start and hear of a move or a pause. It decides which part draws
        # from the one random generator first: another order is another run for the same seed.
        parts: list[Part] = [
            *(runtime, awareness, echoes, gossip, view, detector, contacts, seeds, discovery),
            *(self._leaving, Forgetting(runtime, table, view, contacts), *counters.parts),
            *(rows, versions, reconciler, handshake, outbox),
        ]
        foreign = Foreign(runtime, outbox, codec, contacts, seeds)
        self._inbox = Inbox(runtime, codec, table, contacts, handshake, foreign, parts)
        self._parts = (*parts, self._inbox)
        self._restore(kept)

    def assume(self, members: Sequence[Claim]) -> None:
        """Takes these members as met, so that a cluster can be made whole without a first join.

        Must be called before `start`. Sends and reports nothing.
        """
        self._contacts.assume(members)

    # Inputs

    def start(self, now: float) -> list[Effect]:
        """Starts all parts: this node probes, and tries members of an earlier run."""
        self._begin(now)
        for part in self._parts:
            part.start()
        return self._runtime.take_effects()

    def handle_datagram(self, data: bytes, source: Address, now: float) -> list[Effect]:
        """Handles a datagram; bytes that are no datagram of this cluster are only counted."""
        self._begin(now)
        self._inbox.take(data, source)
        return self._runtime.take_effects()

    def handle_timeout(self, now: float) -> list[Effect]:
        """Fires every timer that is due, if there is any."""
        self._begin(now)
        for _ in range(_TIMERS_PER_CALL):
            action = self._runtime.timers.pop_due(now)
            if action is None:
                break
            action()
        return self._runtime.take_effects()

    def persisted(self, write: Write, now: float) -> list[Effect]:
        """Lets `write`, which is on disk, take effect.

        Raises ValueError if an earlier write was not reported yet.
        """
        self._begin(now)
        self._counters.writes.persisted(write)
        return self._runtime.take_effects()

    def persist_failed(self, write: Write, now: float) -> list[Effect]:
        """Takes note that `write` failed, so that it may be on disk or not.

        Raises ValueError if an earlier write was not reported yet.
        """
        self._begin(now)
        self._counters.writes.persist_failed(write)
        return self._runtime.take_effects()

    def restored(self, groups: Iterable[Group], now: float) -> list[Effect]:
        """Merges what the store holds for certain, read back after a write to it failed."""
        self._begin(now)
        self._counters.writes.restored(groups)
        return self._runtime.take_effects()

    def renew(self, now: float) -> list[Effect]:
        """Counts under a new owner id from now on.

        The driver calls this when the machine may have been restored from a snapshot. Other nodes
        may then know later versions of the old owner than this process does, and a version must
        never be given twice.
        """
        self._begin(now)
        self._counters.writes.renew()
        return self._runtime.take_effects()

    def resolved(self, ticket: int, addresses: list[Address], now: float) -> list[Effect]:
        """Takes the addresses that the look-up of a `Resolve` found; none if it failed."""
        self._begin(now)
        self._contacts.resolved(ticket, addresses)
        return self._runtime.take_effects()

    # Commands

    def join(self, seeds: list[str], now: float) -> list[Effect]:
        """Adds seeds, and contacts each for as long as it is no live member.

        Raises ValueError for a text that is no `host:port`.
        """
        self._begin(now)
        self._contacts.join(seeds)
        return self._runtime.take_effects()

    def leave(self, now: float) -> list[Effect]:
        """Tells several peers that this node left.

        The event `LeaveDone` is reported within `ProtocolConfig.leave_grace` seconds.
        """
        self._begin(now)
        self._leaving.leave()
        return self._runtime.take_effects()

    def move(self, node_id: str, now: float) -> list[Effect]:
        """Leaves under the present id and joins as `node_id`, with the same counts.

        Changes nothing while this node leaves. Raises ValueError if `node_id` is no canonical
        `host:port`.
        """
        if parse_node_id(node_id) != node_id:
            raise ValueError(f"{node_id!r} is not in canonical form")
        self._begin(now)
        if node_id != self._table.own.id and not self._view.leaving:
            self._view.move(node_id)
            for part in self._parts:
                part.moved()
        return self._runtime.take_effects()

    def register(self, text: str, now: float) -> list[Effect]:
        """Lists a peer at once and contacts it; a peer that was removed is no longer removed.

        Raises ValueError for a text that is no `host:port`, or if `ProtocolConfig.register_limit`
        registered peers have not answered yet.
        """
        self._begin(now)
        self._contacts.register(text)
        return self._runtime.take_effects()

    def remove(self, text: str, now: float) -> list[Effect]:
        """Removes a peer until it is registered again: this node neither sends to it nor hears it.

        Raises ValueError for a text that is no `host:port`.
        """
        self._begin(now)
        self._contacts.remove(text)
        return self._runtime.take_effects()

    def increment(
        self, name: str, amount: int, ack: str | None, ticket: int, now: float
    ) -> list[Effect]:
        """Adds to a counter; an `Answer` with this ticket is among these effects or later ones.

        Raises LimitExceeded if the value would pass 2**53 - 1, and ValueError for an amount or an
        ack level that is not allowed.
        """
        return self.increments(name, [Increment(amount, ack, ticket)], now)

    def increments(self, name: str, asked: Sequence[Increment], now: float) -> list[Effect]:
        """Adds to a counter for several requests at once, which costs one write in all.

        An `Answer` with its ticket follows for each. Raises LimitExceeded or ValueError, as
        `increment` does, if they cannot all be done; then none of them is.
        """
        self._begin(now)
        self._counters.writes.increment(name, asked)
        return self._runtime.take_effects()

    def sync(self, name: str, value: int, ack: str | None, ticket: int, now: float) -> list[Effect]:
        """Raises a counter to `value` if it is lower; an `Answer` with this ticket follows.

        Raises LimitExceeded beyond 2**53 - 1 or 100,000 floors, and ValueError for a value or an
        ack level that is not allowed.
        """
        self._begin(now)
        self._counters.writes.sync(name, value, ack, ticket)
        return self._runtime.take_effects()

    # Getters

    def next_timeout(self) -> float | None:
        """Returns the time at which `handle_timeout` is due, None while no timer is set."""
        return self._runtime.timers.next_deadline()

    def members(self) -> list[MemberView]:
        """Returns every row of the table, this node's own included, sorted by id."""
        return self._table.views()

    def peers(self) -> list[str]:
        """Returns the ids of alive, suspect, and registered but still silent peers, sorted."""
        return sorted({**self._table.live, **dict.fromkeys(self._contacts.registered)})

    def count(self, name: str) -> int:
        """Returns the value of a counter, at most 2**53 - 1; 0 for a name never counted."""
        return min(self._counters.ledger.value(name), VALUE_LIMIT)

    def statistics(self) -> Statistics:
        """Returns what the parts counted so far.

        The value shares tables with the parts, so the caller must not change or keep it.
        """
        return Statistics.gathered(self._parts)

    def state(self) -> State:
        """Returns what a store would keep for the next run."""
        table, now, wall = self._table, self._runtime.now, self._view.wall_ms() / 1000
        rows = [row for row in table.rows.values() if not (row.forgotten or row is table.own)]
        known = (row.claim(row.since) for row in rows)
        gone = {row.id: max(1, int(wall - now + row.since)) for row in rows if row.state >= DEAD}
        return State(
            table.own.generation,
            (*known, *self._contacts.remembered()),
            tuple(row.id for row in rows if row.removed),
            tuple(self._counters.ledger.all_groups()),
            gone,
            table.apart.ids(),
        )

    def revision(self) -> tuple[int, ...]:
        """Returns a value that changes whenever `state` does, suspicions left aside."""
        table, changes = self._table, self._counters.ledger.changes
        return (table.fingerprint.total, len(table.removed), len(table.rows), changes)

    # Each input

    def _begin(self, now: float) -> None:
        """Sets the time, and moves deadlines by a pause of this process, before anything else."""
        lateness = self._runtime.advance(now)
        if lateness is not None:
            for part in self._parts:
                part.paused(lateness)

    def _restore(self, kept: State) -> None:
        for group in kept.groups:
            self._counters.ledger.apply(group)
        for claim in kept.members:
            if claim.id == self._table.own.id:
                continue  # The state is a copy from another node, which had a row of this one.
            removed = claim.id in kept.removed
            if removed or claim.state in (DEAD, LEFT):
                self._restore_row(_as_known_now(claim, kept, self._view.wall_ms()), removed)
            else:
                # A member that was alive may be gone by now, so it becomes a contact and no row.
                self._contacts.remember(claim)
        for member in kept.forgotten:
            if member not in self._table.rows:
                self._table.apart.add(member)

    def _restore_row(self, claim: Claim, removed: bool) -> None:
        if self._view.overdue(claim):
            self._table.apart.add(claim.id)
        else:
            row = self._table.add(claim, self._runtime.now)
            self._table.set_removed(row, removed)


def _own_generation(kept: State, node_id: str) -> int:
    """Returns the largest generation that the kept state knows of this node's id."""
    known = [claim.generation for claim in kept.members if claim.id == node_id]
    return max([kept.generation, *known])


def _as_known_now(claim: Claim, kept: State, wall_ms: float) -> Claim:
    """Returns a kept claim about a member that was gone or removed, as it is at this time.

    A suspicion ended with the process that had it. Without one there is no deadline, and the row
    would stay suspect for ever.
    """
    state = ALIVE if claim.state == SUSPECT else claim.state
    age = int(wall_ms / 1000) - kept.gone_since.get(claim.id, int(wall_ms / 1000))
    age = min(max(age, 0), FORGOTTEN - 1) if state >= DEAD else 0
    return structs.replace(claim, state=state, age=age)
