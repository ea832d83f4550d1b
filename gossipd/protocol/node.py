"""The one object that a driver holds: a whole node, made of parts.

`Node` makes the parts, connects them, and passes each call of the driver on to the part that it
concerns. What the protocol does is written in the parts: those of `membership` and `counters`, and
`inbox`, `handshake`, `reconcile` and `outbox` in this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from random import Random

from .address import Address, parse_node_id
from .config import Identity, ProtocolConfig
from .counters import Change, Counters, Increment, Ledger, Values
from .effects import Effect, Write
from .fingerprint import Gates
from .foreign import Foreign
from .handshake import Handshake
from .inbox import Inbox
from .keeping import Keeping, own_claim
from .membership import (
    Awareness,
    Challenges,
    Clocks,
    Clusters,
    Contacts,
    Detector,
    Discovery,
    Echoes,
    Forgetting,
    Gossip,
    Leaving,
    MemberDetails,
    MemberTable,
    MemberView,
    OwnLooks,
    OwnWord,
    Proof,
    Reasons,
    Relays,
    RoundTrips,
    Seal,
    SeedWatch,
    View,
    member_details,
)
from .outbox import Outbox
from .part import Part
from .reconcile import Reconciler, RowExchange, VersionExchange
from .runtime import Runtime
from .state import Changes, State
from .statistics import Statistics
from .wire import Claim, Codec, DecodeError, Group

_TIMERS_PER_CALL = 10_000
"""Timers fired in one `handle_timeout` at most, so that a timer which sets itself anew for the same
time cannot hold the driver for ever."""

UNLIMITED = 1 << 62
"""As many changes as there are."""


class Node:
    """A member of the cluster, without I/O, clock or randomness of its own.

    Its methods are inputs, commands and getters:

    - Inputs tell the node what happened: from `start` to `resolved`.
    - Commands ask it to do something: from `join` to `sync`.
    - Getters change nothing: from `next_timeout` to `gates`.
    - `changes` and `checkpoint` hand a store what it is to write besides `Persist` and `Record`.

    Every input and command returns effects: plain values that the driver carries out. Each takes
    the time as `now`, in seconds, which never falls and may start anywhere. The driver's contract:

    1. It carries out all effects of one call, in order and without a break, before the next call.
    2. On each wake-up it reads the time once, hands over all datagrams that wait, then refusals,
       and only then calls `handle_timeout`, all with that one time. So an ack that waited while the
       process was paused counts before the time-out that it belongs to.
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
        """
        own = own_claim(state or State(), identity, config.tags)
        key, codec = config.cluster.encode(), Codec(config.cluster)
        self._runtime = runtime = Runtime(config, identity, rng, now)
        self._table = table = MemberTable(own, key, rng, now)
        ledger = Ledger(key, runtime.wall_ms)
        gates = Gates(table.fingerprint, ledger.fingerprint)
        round_trips = RoundTrips(config.member_limit)
        self._details = partial(member_details, table, round_trips)
        outbox = Outbox(runtime, codec, own, table.removed)

        # The parts. Each is made after those that it calls. The view tells the counters of members
        # that changed, which must be sent what this node has counted; so the counters come first.
        self._counters = counters = Counters(runtime, outbox, table, ledger, round_trips)
        health = Awareness(config.awareness_max, enabled=config.local_health)
        echoes, gossip = Echoes(runtime, gates, round_trips, health), Gossip(runtime, outbox, table)
        looks = partial(OwnLooks, runtime, echoes, gossip, health)
        own_word = OwnWord(runtime, outbox, table, gossip, health)
        view = View(runtime, table, gossip, own_word, looks, counters.members_changed)
        detector = Detector(runtime, table, view, echoes, gossip, health)
        self._contacts = contacts = Contacts(runtime, outbox, table, echoes, gossip)
        seeds = SeedWatch(runtime, table, contacts)
        discovery = Discovery(runtime, outbox, table, echoes, contacts)
        self._leaving = Leaving(runtime, table, view, echoes, gossip, gates, discovery)
        rows = RowExchange(runtime, outbox, table, view)
        versions = VersionExchange(runtime, outbox, table, ledger, counters.writes)
        reconciler = Reconciler(gates, rows, versions)
        reasons, count = Reasons(table, contacts, discovery), counters.default_count
        clusters = Clusters(runtime, outbox, table, echoes, contacts, reasons, seeds, count)
        challenges = Challenges(runtime, outbox, table, echoes, clusters)
        proof = Proof(runtime, outbox, table, view, echoes, contacts, seeds)
        handshake = Handshake(view, proof, echoes, gossip, challenges, clusters, reconciler)

        # The order in which they start. Another order is another run for the same seed.
        parts: list[Part] = [
            *(runtime, health, echoes, gossip, view, detector, contacts, seeds, discovery),
            *(self._leaving, Forgetting(runtime, outbox, table, view, contacts), *counters.parts),
            *(rows, versions, reconciler, proof, handshake, Clocks(runtime, outbox, table, echoes)),
            *(clusters, counters.folding(runtime, outbox, table, contacts)),
            *(Relays(runtime, outbox, table, view, echoes, gossip), outbox),
        ]
        foreign = Foreign(runtime, outbox, codec, contacts, seeds)
        self._inbox = Inbox(runtime, codec, table, contacts, handshake, foreign, parts)
        self._parts, self._session, self._tag = (*parts, self._inbox), echoes.session, own_word.tag
        self._keeping = Keeping(runtime, table, ledger, contacts, clusters)
        self._keeping.restore(state)

    def assume(self, members: Sequence[Claim]) -> None:
        """Takes these members as met, so that a cluster can be made whole without a first join.

        Must be called before `start`. Sends and reports nothing.
        """
        self._keeping.assume(members)

    # Inputs

    def start(self, now: float) -> list[Effect]:
        """Starts all parts: this node probes, and tries members of an earlier run."""
        self._begin(now)
        for part in self._parts:
            part.start()
        return self._runtime.take_effects()

    def handle_datagram(
        self, data: bytes, source: Address, now: float, seal: Seal | DecodeError | None = None
    ) -> list[Effect]:
        """Handles a datagram; bytes that are no datagram of this cluster are only counted.

        A driver that seals datagrams hands over the frames of each, without the header, with its
        `seal`; or the bytes that came, and why they cannot be opened.
        """
        self._begin(now)
        self._inbox.take(data, source, seal)
        return self._runtime.take_effects()

    def handle_refused(self, quoted: bytes, address: Address, now: float) -> list[Effect]:
        """Takes word that no process is at `address`, where a `Transmit` that begins so went."""
        self._begin(now)
        if not any(part.refusal(quoted, address) for part in self._parts):
            self._runtime.reject("refusal")
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
        self._keeping.counted()
        return self._runtime.take_effects()

    def persist_failed(self, write: Write, now: float) -> list[Effect]:
        """Takes note that `write` failed, so that it may be on disk or not.

        Raises ValueError if an earlier write was not reported yet.
        """
        return self._done(now, self._counters.writes.persist_failed, write)

    def restored(self, groups: Iterable[Group], now: float) -> list[Effect]:
        """Merges what the store holds for certain, read back after a write to it failed."""
        return self._done(now, self._counters.writes.restored, groups)

    def renew(self, now: float, wall_ms: int | None = None) -> list[Effect]:
        """Counts under a new owner id from now on.

        The driver calls this when the machine may have been restored from a snapshot. Other nodes
        may then know later versions of the old owner than this process does, and a version must
        never be given twice.

        Args:
            wall_ms: what the wall clock shows, in milliseconds since 1970, if it was stepped.
        """
        self._begin(now)
        if wall_ms is not None:
            self._runtime.set_wall(wall_ms)
        self._counters.writes.renew()
        return self._runtime.take_effects()

    def resolved(self, ticket: int, addresses: list[Address], now: float) -> list[Effect]:
        """Takes the addresses that the look-up of a `Resolve` found; none if it failed."""
        return self._done(now, self._contacts.resolved, ticket, addresses)

    # Commands

    def join(self, seeds: list[str], now: float, dropped: Sequence[str] = ()) -> list[Effect]:
        """Adds seeds, each contacted while it is no live member; those `dropped` are no more.

        Raises ValueError for a text that is no `host:port`.
        """
        return self._done(now, self._contacts.join, seeds, dropped)

    def leave(self, now: float) -> list[Effect]:
        """Tells peers that this node left; `LeaveDone` within `ProtocolConfig.leave_grace` s."""
        return self._done(now, self._leaving.leave)

    def move(self, node_id: str, now: float) -> list[Effect]:
        """Leaves under the present id and joins as `node_id`, with the same counts.

        Changes nothing while this node leaves. Raises ValueError if `node_id` is no canonical
        `host:port`.
        """
        if parse_node_id(node_id) != node_id:
            raise ValueError(f"{node_id!r} is not in canonical form")
        self._begin(now)
        if self._leaving.move(node_id):
            for part in self._parts:
                part.moved()
        return self._runtime.take_effects()

    def register(self, text: str, now: float) -> list[Effect]:
        """Lists a peer at once and contacts it; a peer that was removed is no longer removed.

        Raises ValueError for a text that is no `host:port`, or if `ProtocolConfig.register_limit`
        registered peers have not answered yet.
        """
        self._begin(now)
        self._keeping.asked()
        self._contacts.register(text)
        return self._runtime.take_effects()

    def remove(self, text: str, now: float) -> list[Effect]:
        """Neither sends to a peer nor hears it until it is registered again. Raises as `join`."""
        return self._done(now, self._contacts.remove, text)

    def tag(self, tags: str, now: float) -> list[Effect]:
        """Gives this node the tags of this text, as `tags_text` makes it, from now on."""
        return self._done(now, self._tag, tags)

    def limit(self, max_counters: int) -> None:
        """Lets clients make counters at this node while there are fewer than so many."""
        self._runtime.limit(max_counters)

    def forget(self, member: str, now: float) -> list[Effect]:
        """Forgets a member in the whole cluster at once. Raises ValueError for one not gone."""
        return self._done(now, self._leaving.forget, member)

    def increment(
        self, name: str, amount: int, ack: str | None, ticket: int, now: float
    ) -> list[Effect]:
        """Adds to a counter; an `Answer` with this ticket is among these effects or later ones.

        The first change of a name makes its counter. Raises LimitExceeded if the value would leave
        ±(2**53 - 1) or there are `ProtocolConfig.max_counters` counters, and ValueError for a name,
        an amount or an ack level that is not allowed.
        """
        return self.increments([Increment((Change(name, amount),), ack, ticket)], now)

    def increments(self, asked: Sequence[Increment], now: float) -> list[Effect]:
        """Changes counters for several requests at once, which costs one write in all.

        An `Answer` with its ticket follows for each. Raises LimitExceeded or ValueError, as
        `increment` does, if they cannot all be done; then none of them is.
        """
        self._begin(now)
        self._counters.writes.increment(asked)
        return self._runtime.take_effects()

    def sync(self, value: int, ack: str | None, ticket: int, now: float) -> list[Effect]:
        """Raises the counter `default` to `value` if it is lower; an `Answer` follows.

        Raises LimitExceeded beyond 2**53 - 1 or 100,000 floors, and ValueError for a value or an
        ack level that is not allowed.
        """
        self._begin(now)
        self._counters.writes.sync(value, ack, ticket)
        return self._runtime.take_effects()

    # Getters

    def next_timeout(self) -> float | None:
        """Returns the time at which `handle_timeout` is due, None while no timer is set."""
        return self._runtime.timers.next_deadline()

    def members(self) -> list[MemberView]:
        """Returns every row of the table, this node's own included, sorted by id."""
        return self._table.views()

    def member_details(self, now: float) -> list[MemberDetails]:
        """Returns what is known of every member at `now`, sorted by id."""
        return self._details(now)

    def peers(self) -> list[str]:
        """Returns the ids of alive, suspect, and registered but still silent peers, sorted."""
        return sorted({**self._table.live, **dict.fromkeys(self._contacts.registered)})

    def session(self, address: Address) -> bytes | None:
        """Returns the session in which the process there has echoed, empty for open gossip."""
        return self._session(address)

    def count(self, name: str) -> int:
        """Returns the value of a counter, within ±(2**53 - 1); 0 for a name never counted."""
        return self._counters.values.value(name)

    def values(self, clock: Callable[[], int] | None = None) -> Values:
        """Returns the counters as clients may read them, now and later.

        `clock` returns milliseconds since 1970, by which they expire; None: the last input's time.
        """
        return Values(self._counters.ledger, clock or self._runtime.wall_ms)

    def statistics(self) -> Statistics:
        """Returns what the parts counted, in tables of theirs that must not be kept."""
        return Statistics.gathered(self._parts)

    def generation(self) -> int:
        """Returns the generation under which this node is known to others."""
        return self._table.own.generation

    def state(self) -> State:
        """Returns what a store would keep for the next run."""
        return self._keeping.state()

    def gates(self) -> tuple[int, int]:
        """Returns the hashes of members and of counters, equal on nodes that have the same."""
        return self._table.fingerprint.total, self._counters.ledger.fingerprint.total

    # What a store is to write

    def changes(self, most: int = UNLIMITED) -> Changes | None:
        """Hands over up to `most` members that changed since the last call, None if none did.

        The first call of a node that was made without a state hands over all. A member is handed
        over again when it changes, or after `all_changed`.
        """
        return self._keeping.changes(most)

    def all_changed(self, held: Iterable[str] = ()) -> None:
        """Lets `changes` hand over all members anew, and ids of `held` that are unknown here."""
        self._keeping.all_changed(held)

    def checkpoint(self, most: int) -> Iterator[list[Group]]:
        """Yields the rows of all counters in pieces of about `most`, each as it is by then."""
        return self._keeping.checkpoint(most)

    # Each input

    def _done(self, now: float, act: Callable[..., None], *args: object) -> list[Effect]:
        self._begin(now)
        act(*args)
        return self._runtime.take_effects()

    def _begin(self, now: float) -> None:
        """Sets the time, and moves deadlines by a pause of this process, before anything else."""
        lateness = self._runtime.advance(now)
        if lateness is not None:
            for part in self._parts:
                part.paused(lateness)
