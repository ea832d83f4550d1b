"""A node inside another program on trio: the same daemon, without a process beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakSet

import attrs
import trio

from gossipd.protocol import DEFAULT_PORT, Answer, Asked, Reset, Stated, tag_values, tags_text

from .config import DEFAULT_HOST, DaemonConfig, parse_bind, parse_contacts, parse_places
from .following import Following
from .future import Future
from .member_events import Happening
from .open import Daemon, Surroundings, open_daemon
from .service import Refused, Service, change_of
from .watch import Change as Seen

_FIELDS = {"name": str, "source": str, "key": str, "amount": int, "limit": int, "total": int}
"""The types of what changes are made of."""

_UNKNOWN = "the write failed on its way to the disk, and may count or not"
_STOPPED = "the node stopped before the write was answered; it may count or not"


class OutcomeUnknown(Exception):
    """Nobody knows whether a write will count. To repeat it may count it twice, without a key."""


class Add(NamedTuple):
    """A change of a counter by an amount, as one of several in `Node.change`.

    Attributes:
        name: of the counter.
        amount: by how much it changes; it may be negative, except of `default`.
        ttl: in how many seconds the counter is to expire; None leaves that as it is.
        limit: what would bring the value above it is not counted; None: there is no limit.
        key: what has a key counts once, however often it is asked for.
    """

    name: str
    amount: int = 1
    ttl: float | None = None
    limit: int | None = None
    key: str = ""


@attrs.frozen
class Counted:
    """The outcome of a write.

    Attributes:
        value: the counter's value after it.
        changed: by how much it changed the counter; of a reset, how much it took away.
        holders: how many nodes are known to hold it, this one included.
        target: how many the ack level asks for.
    """

    value: int
    changed: int
    holders: int
    target: int


@attrs.frozen
class Member:
    """A member as this node knows it.

    Attributes:
        id: its `host:port`.
        state: joining, alive, suspect, dead or left.
        seconds: for how long it has been so, as far as is known here.
        round_trip: in how many seconds it answers on average; None if that was not measured.
        accuser: the node that got no answer from it, or declared it dead; empty if none did.
        tags: what it says of its purpose, by name.
    """

    id: str
    state: str
    seconds: float
    round_trip: float | None
    accuser: str
    tags: Mapping[str, str] = attrs.field(factory=dict, hash=False)


class Node:
    """A running node.

    Writes raise Refused if nothing was written, LimitExceeded or ValueError if the counter does
    not take the change, KeyReused, and OutcomeUnknown. A write whose task is cancelled may count.
    `ack` is `local`, `one`, `majority` or `all`, by default what the node was opened with.
    """

    def __init__(self, service: Service) -> None:
        """Takes the service of the node. `open_node` makes nodes."""
        self._service = service
        self._followers: WeakSet[Following[Any]] = WeakSet()
        self._waiting: dict[Future[Answer], trio.Event] = {}
        self._ended = False

    @property
    def id(self) -> str:
        """Returns the id of the node, under which others know it."""
        return self._service.node_id

    # Writes

    async def add(
        self,
        name: str,
        amount: int = 1,
        *,
        ttl: float | None = None,
        limit: int | None = None,
        key: str = "",
        ack: str | None = None,
    ) -> Counted:
        """Adds to a counter. The arguments are those of `Add`."""
        return (await self.change([Add(name, amount, ttl, limit, key)], ack=ack))[0]

    async def reset(self, name: str, *, ack: str | None = None) -> Counted:
        """Takes away what this node sees of a counter."""
        return (await self.change([Reset(name)], ack=ack))[0]

    async def delete(self, name: str, *, ack: str | None = None) -> Counted:
        """Resets a counter, which is not listed until somebody counts again."""
        return (await self.change([Reset(name, delete=True)], ack=ack))[0]

    async def state(self, name: str, source: str, total: int, *, ack: str | None = None) -> Counted:
        """States a source's own total. The largest total of each source counts."""
        return (await self.change([Stated(name, source, total)], ack=ack))[0]

    async def change(
        self, changes: Iterable[Add | Reset | Stated], *, ack: str | None = None
    ) -> list[Counted]:
        """Does several changes in one write: all of them, or none if one may not be.

        Returns the outcome of each, in order.
        """
        asked = [_asked(each) for each in changes]
        if not asked:
            await trio.lowlevel.checkpoint()
            return []
        if self._ended or self._service.draining:
            raise Refused("this node is stopping")
        answer = await self._settled(self._service.change(asked, ack))
        if answer.holders == 0:
            raise OutcomeUnknown(_UNKNOWN)
        counts = answer.counts or (answer.count,)
        told = zip(counts, answer.done, strict=True)
        return [Counted(*each, answer.holders, answer.target) for each in told]

    # Reads

    def value(self, name: str) -> int:
        """Returns the value of a counter as this node sees it, 0 for one that is not there."""
        return self._service.values().value(name)

    def knows(self, name: str) -> bool:
        """Returns whether there is a counter of this name, as far as is known here."""
        return self._service.values().knows(name)

    def expires_in(self, name: str) -> float | None:
        """Returns in how many seconds a counter expires, None if it does not."""
        return self._service.values().expires_in(name)

    def counters(
        self, prefix: str = "", *, after: str = "", limit: int = 100
    ) -> list[tuple[str, int]]:
        """Returns names and values of up to `limit` counters, in order of name.

        `prefix` is with what the names begin. `after` is the last name of the page before.
        """
        return self._service.values().page(prefix, after, limit)

    def watch(self, name: str) -> Following[int]:
        """Returns an iterator of a counter's values: the present one, then each new one.

        Changes within 50 ms become one. Who is slow gets the newest value.
        """
        watch = self._service.watch(name)
        return self._follow(Following(watch, lambda: [each.value for each in watch.take()]))

    def watch_prefix(self, prefix: str = "") -> Following[Seen]:
        """Returns an iterator as `watch` does, of all counters whose names begin with `prefix`.

        Its items have `name`, `value`, and `known`, which is false for a counter that is gone.
        """
        watch = self._service.watch_prefix(prefix)
        return self._follow(Following(watch, watch.take))

    def members(self) -> list[Member]:
        """Returns all members that are known, this node included, sorted by id."""
        return [
            Member(
                *(each.row.id, each.row.state, each.seconds, each.round_trip, each.accuser),
                tag_values(each.row.tags),
            )
            for each in self._service.members()
        ]

    def events(self) -> Following[Happening]:
        """Returns an iterator of what happens to members from now on.

        Each item has the keys `event`, `member` and `time`, and further ones of its kind, as in
        the log. Who falls behind by more than a thousand gets `events_lost` with their number.
        """
        reader = self._service.events()

        def take() -> list[Happening]:
            happened, lost = reader.take()
            return [{"event": "events_lost", "lost": lost}, *happened] if lost else happened

        return self._follow(Following(reader, take))

    # Membership

    def register(self, contact: str) -> None:
        """Lists and contacts another node by its `host:port`. Raises ValueError if it is none."""
        self._service.register(contact)

    def remove(self, member: str) -> None:
        """Ignores a member until it is registered again. Raises ValueError if it is no id."""
        self._service.remove(member)

    def end(self) -> None:
        """Ends all iterators, and the writes that still wait. The node must have stopped."""
        self._ended = True
        for follower in list(self._followers):
            follower.end()
        for event in self._waiting.values():
            event.set()

    def _follow(self, following: Following[Any]) -> Following[Any]:
        self._followers.add(following)
        if self._ended:
            following.end()
        return following

    async def _settled(self, future: Future[Answer]) -> Answer:
        outcomes: list[Answer | Exception] = []
        settled = self._waiting[future] = trio.Event()

        def settle(outcome: Answer | Exception) -> None:
            outcomes.append(outcome)
            settled.set()

        future.then(settle)
        try:
            await settled.wait()
        finally:
            del self._waiting[future]
        if not outcomes:
            raise OutcomeUnknown(_STOPPED)
        [outcome] = outcomes
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def open_node(
    *,
    bind: str = f"{DEFAULT_HOST}:{DEFAULT_PORT}",
    join: str | Sequence[str] = (),
    data_dir: str | Path | None = None,
    http: bool | str = False,
    redis: str | None = None,
    tags: Mapping[str, str] | None = None,
    **options: Any,
) -> AbstractAsyncContextManager[Node]:
    """Returns an asynchronous context manager that runs a node for the length of its block.

    At the end of the block the node leaves the cluster, which takes at most 2.8 s; also if the
    block raises or is cancelled. It installs no signal handler. It logs through structlog if the
    program has configured that, else to the logger `gossipd` of the standard library.

    Args:
        bind: `host:port` of the node.
        join: nodes to join, as texts or as a comma list.
        data_dir: directory in which it keeps its state; None keeps nothing on disk.
        http: whether it answers HTTP at `bind`; or where else, as for `gossipd run --http`.
        redis: `host:port` on which it answers Redis clients; None for nowhere.
        tags: what the node says of its purpose, by name, such as `{"role": "web"}`.
        options: fields of `DaemonConfig`, which are the options of `gossipd run`.

    Raises ValueError for a wrong value, TypeError for an unknown option, and on entry StartError
    if the address or the directory cannot be used.
    """
    contacts = join if isinstance(join, str) else ",".join(join)
    config = DaemonConfig(
        bind=parse_bind(bind, DEFAULT_PORT),
        join=parse_contacts(contacts),
        data_dir=None if data_dir is None else Path(data_dir),
        http=parse_places(http) if isinstance(http, str) else (),
        redis=None if redis is None else parse_bind(redis),
        tags=_tags_text(tags or {}),
        **options,
    )
    return run_inside(config, Surroundings(serves=http is True))


def _tags_text(tags: Mapping[str, str]) -> str:
    for name in tags:
        if "=" in name:
            raise ValueError(f"{name[:40]!r}: the name of a tag has no '='")
    return tags_text(f"{name}={value}" for name, value in tags.items())


@asynccontextmanager
async def run_inside(config: DaemonConfig, around: Surroundings) -> AsyncIterator[Node]:
    """Runs a node for the length of the block. `around` is what it has of the system."""
    daemon = partial(open_daemon, config, around=around)
    ending = trio.Event()
    node: Node | None = None
    error: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            try:
                node = Node(await nursery.start(_host, daemon, ending))
                try:
                    yield node
                finally:
                    ending.set()
            except BaseException as raised:
                # Raised again below: a nursery would wrap it in a group.
                error = raised
    finally:
        if node is not None:
            node.end()
    if error is not None:
        raise error


async def _host(
    open_it: Callable[[], AbstractAsyncContextManager[Daemon]],
    ending: trio.Event,
    *,
    task_status: trio.TaskStatus[Service],
) -> None:
    """Runs a daemon until `ending`; once it has begun, whoever is cancelled lets it leave."""
    with trio.CancelScope() as scope:
        async with open_it() as daemon:
            scope.shield = True
            task_status.started(daemon.service)
            await ending.wait()


def _asked(change: Add | Reset | Stated) -> Asked:
    """Returns the change as the node takes it; raises ValueError for a field of a wrong type.

    A program may hand over anything, and a count that is no integer could not be stored.
    """
    for field, kind in _FIELDS.items():
        value = getattr(change, field, None)
        if value is not None and type(value) is not kind:
            raise ValueError(f"{field} must be of type {kind.__name__}, not {value!r}")
    if not isinstance(change, Add):
        return change
    if change.ttl is not None and not isfinite(change.ttl):
        raise ValueError(f"ttl must be a finite number of seconds, not {change.ttl}")
    return change_of(*change)
