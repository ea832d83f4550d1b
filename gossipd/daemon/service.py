"""The running node as its doors see it: the ways in for clients call nothing but this."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import attrs
import trio

from gossipd.protocol import (
    Answer,
    Asked,
    Bounded,
    Change,
    Effect,
    Increment,
    MemberDetails,
    Node,
    Statistics,
    Values,
    split_node_id,
)

from .clock_steps import ClockSteps
from .driver import Driver
from .future import Future
from .histogram import Histogram
from .joint import Request, joined
from .member_events import EventReader, MemberEvents
from .storage import Journal
from .tickets import Tickets
from .turns import Turns
from .watch import Watch, Watches


def system_wall_ms() -> int:
    """Returns the system's time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Refused(Exception):
    """A write was not taken: nothing of it was written anywhere. The text is one line of why."""


def change_of(
    name: str, amount: int, ttl: float | None = None, limit: int | None = None, key: str = ""
) -> Asked:
    """Returns a change by an amount: one without conditions if none is given. `ttl` is seconds."""
    if ttl is None and limit is None and not key:
        return Change(name, amount)
    return Bounded(name, amount, None if ttl is None else max(1, round(ttl * 1000)), limit, key)


_CLOCK_SECONDS = 1.0
"""Seconds between two comparisons of the clocks, where no write asks for one earlier."""


class Gate(Protocol):
    """Knows which keys there are, as `sealing.Gate` does."""

    open_taken: int

    @property
    def seals(self) -> str:
        """The id of the key that seals."""

    @property
    def opens(self) -> list[str]:
        """The ids of all keys."""

    @property
    def accepts_open(self) -> bool:
        """Whether open datagrams are taken, too."""

    def key_of(self, session: bytes | None) -> str | None:
        """Returns the id of the key that a member's session seals with."""

    def renew(self) -> None:
        """Seals in another session."""


@attrs.frozen
class Keys:
    """Which keys a node has, and which key each live member seals with.

    Attributes:
        seals: the id of the key that seals here.
        opens: the ids of all keys.
        accepts_open: whether open datagrams are taken, too.
        open_taken: how many were.
        members: the id of each member's key; `open` if it does not seal, None as long as it has not
            been heard.
    """

    seals: str
    opens: list[str]
    accepts_open: bool
    open_taken: int
    members: dict[str, str | None]

    def in_words(self) -> str:
        """Returns one line about the keys of this node."""
        also = ", and takes open datagrams as well" if self.accepts_open else ""
        return f"sealed with key {self.seals}, opens {', '.join(self.opens)}{also}"

    def numbers(self) -> dict[str, int]:
        """Returns how many members seal with each key; `unknown` for those not heard yet."""
        keys = [key or "unknown" for key in self.members.values()]
        return {key: keys.count(key) for key in {*self.opens, *keys}}


class Service:
    """What clients may ask of the node.

    A write is answered by a future. Its outcome is an `Answer`, whose `holders` are 0 if the write
    failed on its way to the disk: nobody knows whether it will count. Or it is Refused if the store
    takes no writes, or LimitExceeded if the counter takes no such write; then nothing changed.

    Attributes:
        node_id: the advertised `host:port`. It changes when the machine gets another address.
        draining: whether the daemon is stopping. Doors take no more writes then.
    """

    def __init__(
        self,
        node: Node,
        node_id: str,
        driver: Driver,
        tickets: Tickets,
        journal: Journal | None = None,
        stepped: Callable[[], bool] | None = None,
        gate: Gate | None = None,
        events: MemberEvents | None = None,
        wall_ms: Callable[[], int] = system_wall_ms,
    ) -> None:
        """Makes the service of a node.

        Args:
            node: is asked for what changes nothing. Commands reach it through `driver`.
            node_id: the id under which it starts.
            driver: must give its answers to `tickets`.
            tickets: the writes that wait for their answers.
            journal: the driver's journal.
            stepped: returns whether the wall clock was stepped; by default `ClockSteps` does.
            gate: seals the node's datagrams; None if they are open.
            events: one of the driver's listeners; without it nothing happens to members.
            wall_ms: tells the time in milliseconds since 1970.
        """
        self.node_id = node_id
        self.draining = False
        self._node = node
        self._driver = driver
        self._tickets = tickets
        self._journal = journal
        self._stepped = ClockSteps() if stepped is None else stepped
        self._gate = gate
        self._wall_ms = wall_ms
        self._turns = Turns(self._increment, gathers=journal is not None)
        self._watches = Watches(self.values)
        self._events = MemberEvents() if events is None else events

    async def run(self) -> None:
        """Ends turns, watches the clock, and tells of news, until it is cancelled.

        Increments are answered, and watches and readers told of anything, only while it runs.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch_clock)
            nursery.start_soon(self._watches.run)
            nursery.start_soon(self._events.run)
            await self._turns.run()

    def count(self, name: str) -> int:
        """Returns the present value of a counter."""
        return self._node.count(name)

    def values(self) -> Values:
        """Returns the counters as clients may read them, now and later."""
        return self._node.values(self._wall_ms)

    def watch(self, name: str, since: str = "") -> Watch:
        """Returns a watch of a counter, which must be closed at last.

        It begins with the present value; or with what changed after `since`, if that is the
        position of an earlier watch of the same counter in this process.
        """
        return self._watches.watch(name=name, since=since)

    def watch_prefix(self, prefix: str, since: str = "") -> Watch:
        """Returns a watch of all counters whose names begin with `prefix`, else as `watch`."""
        return self._watches.watch(prefix=prefix, since=since)

    def events(self, since: str = "") -> EventReader:
        """Returns a reader of what happens to members, which must be closed at last.

        It begins with what comes next; or after `since`, if that is the position of an earlier
        reader in this process.
        """
        return self._events.read(since)

    def members(self) -> list[MemberDetails]:
        """Returns all members that are known, this node included, sorted by id."""
        return self._node.member_details(trio.current_time())

    def generation(self) -> int:
        """Returns the generation of this node's process."""
        return self._node.generation()

    def peers(self) -> list[str]:
        """Returns the ids of live and joining peers, sorted, without this node."""
        return self._node.peers()

    def statistics(self) -> Statistics:
        """Returns what the protocol has counted."""
        return self._node.statistics()

    def unanswered(self) -> int:
        """Returns how many writes wait for their answers."""
        return len(self._turns) + len(self._tickets)

    def write_seconds(self) -> Histogram:
        """Returns how long the answers of writes took. It goes on counting."""
        return self._tickets.seconds

    def keys(self) -> Keys | None:
        """Returns which keys there are and who seals with which, or None if gossip is open."""
        gate = self._gate
        if gate is None:
            return None
        live = [row.id for row in self._node.members() if row.state in ("alive", "suspect")]
        sessions = {each: self._node.session(split_node_id(each)) for each in live}
        members = {each: gate.key_of(session) for each, session in sessions.items()}
        members[self.node_id] = gate.seals
        return Keys(gate.seals, gate.opens, gate.accepts_open, gate.open_taken, members)

    def trouble(self) -> str | None:
        """Returns one line that says why the store takes no writes, or None if it does."""
        trouble = None if self._journal is None else self._journal.trouble
        return None if trouble is None else f"the store cannot be written: {trouble}"

    def increment(self, name: str, amount: int, ack: str | None) -> Future[Answer]:
        """Adds to a counter. `ack` is an ack level, or None for the configured one."""
        return self.change((Change(name, amount),), ack)

    def change(self, changes: Sequence[Asked], ack: str | None) -> Future[Answer]:
        """Changes several counters in one write: all of them, or none if one may not be."""
        trouble = self.trouble()
        if trouble is not None:
            return Future(Refused(trouble))
        request = Request(changes, ack, Future(), time.perf_counter())
        self._turns.add(request)
        return request.answer

    def sync(self, value: int, ack: str | None) -> Future[Answer]:
        """Raises `default` to `value` if it is lower. `ack` is as for `increment`."""
        trouble = self.trouble()
        if trouble is not None:
            return Future(Refused(trouble))
        ticket, future = self._tickets.issue()
        try:
            self._count(lambda now: self._node.sync(value, ack, ticket, now))
        except ValueError as error:
            self._tickets.refuse(ticket, error)
        return future

    def register(self, text: str) -> None:
        """Lists and contacts a peer. Raises ValueError if `text` names none."""
        self._driver.command(lambda now: self._node.register(text, now))

    def join(self, text: str) -> None:
        """Adds a contact that is tried until it is a member. Raises ValueError if it is none."""
        self._driver.command(lambda now: self._node.join([text], now))

    def forget(self, member: str) -> None:
        """Forgets a member in the whole cluster. Raises ValueError unless it is dead or left."""
        self._driver.command(lambda now: self._node.forget(member, now))

    def remove(self, text: str) -> None:
        """Removes a peer until it is registered again. Raises ValueError if `text` names none."""
        self._driver.command(lambda now: self._node.remove(text, now))

    def move(self, node_id: str) -> None:
        """Lets the node go on under another id, unless it is stopping."""
        if not self.draining:
            self.node_id = node_id
            self._driver.command(lambda now: self._node.move(node_id, now))

    def drain(self) -> None:
        """Notes that the daemon is stopping."""
        self.draining = True

    def leave(self) -> None:
        """Begins to leave the cluster. The node tells the end of it by the event `LeaveDone`."""
        self._driver.command(self._node.leave)

    def _count(self, call: Callable[[float], list[Effect]]) -> None:
        """Calls a command that counts, after a check of the clocks.

        If the machine was set back to a snapshot, the node must not count on under an owner id
        under which it counted after the snapshot was made.
        """
        self._compare_clocks()
        self._driver.command(call)

    def _compare_clocks(self) -> None:
        """Tells the node if the wall clock was stepped, and what it shows now; and the gate."""
        if self._stepped():
            if self._gate is not None:
                self._gate.renew()
            self._driver.command(lambda now: self._node.renew(now, self._wall_ms()))

    async def _watch_clock(self) -> None:
        # Without writes as well, because the node tells its clock to those that it meets.
        while True:
            await trio.sleep(_CLOCK_SECONDS)
            self._compare_clocks()

    def _increment(self, requests: list[Request]) -> None:
        found, asked = joined(requests), []
        for joint in found:
            number = len(joint.requests)
            ticket, answer = self._tickets.issue(joint.requests[0].since, number)
            answer.then(joint.settle)
            asked.append(Increment(joint.changes, joint.requests[0].ack, ticket, number))
        try:
            self._count(lambda now: self._node.increments(asked, now))
            return
        except ValueError as error:
            if len(requests) == 1:
                self._tickets.refuse(asked[0].ticket, error)
                return
        for each in asked:
            self._tickets.drop(each.ticket)
        # All together pass the limit; some of them alone may not.
        for request in requests:
            self._increment([request])
