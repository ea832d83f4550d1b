"""The one object that a driver holds.

Decodes datagrams and hands each message to the part it belongs to; keeps time; collects effects.
What the messages mean is said in the parts: `detector`, `membership`, `contacts`, `leaving`,
`pushes`, `counting`, `reconcile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from .address import parse_node_id
from .config import Identity, ProtocolConfig
from .counters.answers import Answers
from .counters.ledger import Ledger
from .counters.pushes import Pushes
from .counters.relays import Spreading
from .counters.writes import Counting, Increment
from .effects import Effect, Write
from .events import Paused
from .inbox import Inbox
from .membership.awareness import Awareness
from .membership.claims import Membership
from .membership.contacts import Contacts
from .membership.detector import Detector
from .membership.discovery import Discovery
from .membership.echoes import Pings
from .membership.gossip import Gossip
from .membership.leaving import Leaving
from .membership.table import Address, MemberView
from .outbox import Outbox
from .reconcile import Reconciler
from .state import State
from .statistics import Statistics
from .wire.messages import ALIVE, DEAD, LEFT, STATES, SUSPECT, Claim, Group

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
        self._out = out = Outbox(config, identity, generation, rng, now)
        self._awareness = Awareness(config.awareness_max, enabled=config.local_health)
        self._membership = Membership(out, self._awareness)
        self._pings = Pings(out)
        self._detector = Detector(out, self._membership, self._pings, self._awareness)
        self._contacts = Contacts(out, self._pings)
        self._discovery = Discovery(out, self._pings)
        self._leaving = Leaving(out, self._membership, self._pings)
        self._ledger = Ledger(config.cluster.encode())
        self._spreading = Spreading(out)
        self._pushes = Pushes(out, self._ledger, self._detector, self._spreading)
        self._answers = Answers(out, self._pushes)
        self._pushes.settle = self._answers.settle
        self._counting = Counting(out, self._ledger, self._pushes, self._answers)
        self._reconciler = Reconciler(out, self._membership, self._ledger, self._counting)
        gates = self._reconciler.gates
        self._detector.gates = self._contacts.gates = self._leaving.gates = gates
        self._discovery.gates = gates
        self._gossip = Gossip(out)
        out.dirty = self._gossip.soon
        self._inbox = Inbox(
            out=out,
            membership=self._membership,
            pings=self._pings,
            detector=self._detector,
            contacts=self._contacts,
            discovery=self._discovery,
            leaving=self._leaving,
            ledger=self._ledger,
            pushes=self._pushes,
            spreading=self._spreading,
            answers=self._answers,
            counting=self._counting,
            reconciler=self._reconciler,
        )
        self._credit = config.pause_credit
        self._credited = now
        self._restore(kept)

    def assume(self, members: Sequence[Claim]) -> None:
        """Takes these members for met: to be called before `start`, by whoever starts them all.

        Nothing is sent or notified. Their order decides nothing.
        """
        table = self._out.table
        for claim in members:
            if claim.id not in table.rows:
                row = table.add(claim, self._out.now)
                self._pings.assume(row.address, claim.id, claim.generation)

    # Inputs

    def start(self, now: float) -> list[Effect]:
        """Begins to probe and to try known members."""
        self._begin(now)
        self._detector.start()
        self._contacts.start()
        self._discovery.start()
        self._reconciler.start()
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
        """`write` may be on disk or not. Raises ValueError if an earlier one was not reported."""
        self._begin(now)
        self._counting.persist_failed(write)
        return self._end()

    def restored(self, groups: Iterable[Group], now: float) -> list[Effect]:
        """What the store holds for certain, read back after a write to it failed."""
        self._begin(now)
        self._counting.restored(groups)
        return self._end()

    def renew(self, now: float) -> list[Effect]:
        """This process may have been set back, with its machine, to how it was before: what it is
        asked to count from now on is counted under a new id.
        """
        self._begin(now)
        self._counting.renew()
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
        self._discovery.stop()
        self._leaving.leave()
        return self._end()

    def move(self, node_id: str, now: float) -> list[Effect]:
        """Leaves the own id and joins as `node_id`, with the same counts; nothing while leaving.

        Raises ValueError for what is no canonical `host:port`.
        """
        if parse_node_id(node_id) != node_id:
            raise ValueError(f"{node_id!r} is not in canonical form")
        self._begin(now)
        if node_id != self._out.table.own.id and not self._membership.leaving:
            self._membership.move(node_id)
            self._contacts.moved()
            self._discovery.start()
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
        self._counting.increment(name, asked)
        return self._end()

    def sync(self, name: str, value: int, ack: str | None, ticket: int, now: float) -> list[Effect]:
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
        """Ids of alive, suspect, and registered but still silent peers, sorted."""
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
        statistics.waiting = {
            "timers": len(self._out.timers),
            "pings": len(self._pings),
            "claims": len(self._out.queue),
            "answers": len(self._answers),
            "writes": len(self._counting),
            "relays": len(self._detector) + len(self._spreading),
        }
        statistics.local_health = self._awareness.score
        return statistics

    def state(self) -> State:
        """What a store would keep for the next run."""
        rows = self._out.table.rows.values()
        return State(
            self._out.generation,
            (
                *(row.claim() for row in rows if row is not self._out.table.own),
                *self._contacts.remembered(),
            ),
            tuple(row.id for row in rows if row.removed),
            tuple(self._ledger.all_groups()),
        )

    def revision(self) -> tuple[int, ...]:
        """Changes whenever `state` does, but for suspicions."""
        table = self._out.table
        return (table.fingerprint.total, len(table.hidden), len(table.rows), self._ledger.changes)

    # Time

    def _begin(self, now: float) -> None:
        """Accounts for lateness before anything else is done.

        Time in which this process did not run is no fault of others: every open deadline is
        extended by it, and local health falls (Lifeguard's reasoning, applied to what is known for
        certain).
        """
        out = self._out
        due = out.timers.next_deadline()
        since, out.now = out.now, now
        if (
            due is None
            or now - due <= out.config.pause_tolerance
            or not out.config.pause_compensation
        ):
            return
        late = now - max(due, since)
        if late <= out.config.pause_tolerance:
            return
        out.statistics.pauses += 1
        out.statistics.paused_seconds += late
        if self._forgive(late):
            out.timers.extend(late)
            self._membership.extend(late)
            self._pings.no_samples()
        self._awareness.change(1)
        out.notify(Paused(late))

    def _forgive(self, late: float) -> bool:
        """Whether there is credit left; it grows back with the time in which this process ran."""
        on_time = self._out.now - self._credited - late
        self._credited = self._out.now
        self._credit = min(self._out.config.pause_credit, self._credit + on_time)
        if self._credit <= 0:
            return False
        self._credit -= late
        return True

    def _end(self) -> list[Effect]:
        effects, self._out.effects = self._out.effects, []
        return effects

    def _restore(self, kept: State) -> None:
        for group in kept.groups:
            self._ledger.apply(group)
        for claim in kept.members:
            if claim.id == self._out.table.own.id:
                continue  # a copy of another node's directory
            removed = claim.id in kept.removed
            if removed or claim.state in (DEAD, LEFT):
                # A suspicion ended with the process that had it: without one, suspect is for ever.
                state = ALIVE if claim.state == SUSPECT else claim.state
                known = Claim(claim.id, claim.generation, claim.incarnation, state, claim.accuser)
                row = self._out.table.add(known, self._out.now)
                self._out.table.hide(row, removed)
            else:
                # What was alive may be gone by now: it is tried, not believed in.
                self._contacts.remember(claim)


def _own_generation(kept: State, node_id: str) -> int:
    """The largest generation that the kept state knows of this node's id."""
    known = [claim.generation for claim in kept.members if claim.id == node_id]
    return max([kept.generation, *known])
