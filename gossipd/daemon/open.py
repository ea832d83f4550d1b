"""A whole daemon as a context manager: sockets, store, node, HTTP server, and a graceful leave.

It installs no signal handler, configures no log and ends no process, so that it can run inside
another program on trio. `run` makes a program of it.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

import attrs
import trio

from gossipd.protocol import (
    Event,
    Identity,
    LeaveDone,
    Node,
    ProtocolConfig,
    State,
    format_node_id,
    split_node_id,
)

from . import sockets
from .clock_steps import ClockSteps
from .config import DaemonConfig, Place
from .doors import Api, CounterValues, Metrics, OwnHosts, of_node
from .driver import Driver, look_up
from .errors import StartError
from .flaps import EventLog
from .histogram import Histogram
from .http import HttpServer, Limits, Request
from .log import RateLimit, get_logger
from .member_events import MemberEvents
from .open_files import FullLog, limits_of_this_process
from .open_guards import Guards, guards
from .open_redis import RedisClients
from .operations import Again, Operations
from .own_id import OwnId
from .service import Service, system_wall_ms
from .standing import Standing
from .storage import PIECE, Journal, LockError, Store, StoreError, WriteError, lock_directory
from .tickets import Tickets

if TYPE_CHECKING:
    from .sealing import Gate

_DRAIN_SECONDS = 1.0
_LEAVE_SECONDS = 2.8
_ERROR_INTERVAL = 1.0


class Daemon:
    """A running daemon.

    Attributes:
        service: what clients may ask of the node.
        standing: its doors and its store.
        operations: what an operator may ask of it.
    """

    def __init__(
        self,
        service: Service,
        server: HttpServer,
        redis: RedisClients | None,
        left: trio.Event,
        standing: Standing,
        operations: Operations,
    ) -> None:
        self.service = service
        self.standing = standing
        self._server = server
        self._redis = redis
        self._left = left
        self._ended = trio.Event()
        self.operations = operations

    async def run(self) -> None:
        """Leaves when a client asks for it."""
        await self.operations.leave_asked.wait()
        await self.leave()

    async def leave(self) -> None:
        """Lets the writes that are under way be answered, leaves the cluster, and ends the doors.

        Until the node has left, HTTP is answered: `/readyz` with 503. It takes at most 2.8 s. A
        second call waits for the first.
        """
        if self.service.draining:
            if not self._ended.is_set():
                await self._ended.wait()
            return
        self.service.drain()
        try:
            await self._leave()
        finally:
            self._ended.set()

    async def _leave(self) -> None:
        with trio.move_on_after(_LEAVE_SECONDS):
            self._server.drain()
            if self._redis is not None:
                self._redis.drain()
            await _until_none(self._writing)
            self.service.leave()
            await self._left.wait()
            self._server.close()
            await _until_none(self._open)

    def _writing(self) -> int:
        """Returns how many writes are under way, and clients that may still write."""
        return self.service.unanswered() + self._redis_clients()

    def _open(self) -> int:
        """Returns how many connections of clients are open."""
        return self._server.statistics().open + self._redis_clients()

    def _redis_clients(self) -> int:
        return 0 if self._redis is None else self._redis.open()


async def _until_none(number: Callable[[], int]) -> None:
    """Returns when there is none any more, or after a second."""
    with trio.move_on_after(_DRAIN_SECONDS):
        while number():
            await trio.sleep(0.01)


@attrs.frozen
class Surroundings:
    """What a daemon has of the system, or what stands for it.

    Attributes:
        bound: opens the node's socket for gossip.
        wall_ms: tells the time in milliseconds since 1970, by which counters expire for clients.
        again: tells the settings anew when they are to be read again; None if nothing does.
        serves: whether HTTP is answered as `bind` says if nothing else was chosen.
        doubts: what is doubtful about the settings, a line for each.
        handed: sockets that listen already, which are closed with the daemon's own.
    """

    bound: sockets.Bound = sockets.bound
    wall_ms: Callable[[], int] = system_wall_ms
    again: Again | None = None
    serves: bool = True
    doubts: Sequence[str] = ()
    handed: sockets.Handed = attrs.field(factory=dict)

    def http(self, host: str, port: int) -> list[Place]:
        """Returns where HTTP is answered if nothing was chosen."""
        return [(host, port)] if self.serves else []


SURROUNDINGS = Surroundings()


def _do_nothing() -> None:
    pass


@asynccontextmanager
async def open_daemon(
    config: DaemonConfig,
    before_taking_part: Callable[[], None] = _do_nothing,
    around: Surroundings = SURROUNDINGS,
) -> AsyncIterator[Daemon]:
    """Runs a daemon for the length of the block. Its node leaves the cluster at the end.

    `before_taking_part` is called when everything is open and no other node knows of this one yet.

    If the block raises or is cancelled, the daemon stops at once, as if it had been killed: other
    nodes take its node for dead, and nothing that was acknowledged is lost.

    Raises StartError if the address or the data directory cannot be used.
    """
    # The clock is watched from before the first session is drawn.
    stepped, gate = ClockSteps(), (guarded := guards(config)).gate
    host = await sockets.bind_host(config.bind[0])
    http = await sockets.resolved(config.http or around.http(host, config.bind[1]), "--http")
    redis_at = await sockets.resolved([] if config.redis is None else [config.redis], "--redis")
    advertised = await sockets.advertised_id(config)
    with (
        _opened_store(config, format_node_id(*config.bind)) as (store, kept),
        sockets.listening([*http, *redis_at], around.handed) as listeners,
        around.bound(host, config.bind[1]) as endpoint,
        sockets.found_segments(config, host) as segments,
    ):
        own_id = OwnId(config, host, advertised, kept.generation if kept else 0, look_up, gate)
        identity = await own_id.find(endpoint, segments)
        node = _make_node(config, identity, kept, gate, discovery=segments is not None)
        _begin(store, node)
        left, tickets, member_events, events = trio.Event(), Tickets(), MemberEvents(), EventLog()
        journal = None if store is None else Journal(store)
        cast, find = None if segments is None else segments.broadcast, own_id.look_up
        told = (events, member_events, partial(_notice, left), own_id.notice)
        driver = Driver(node, endpoint, tickets.answer, told, journal, cast, find, gate)
        more = (tickets, journal, stepped, gate, member_events, around.wall_ms)
        service = Service(node, identity.node_id, driver, *more)
        own_id.follow(service.move)
        operations = Operations(config, guarded.read, around.again, partial(_change, driver, node))
        limits = limits_of_this_process(2 if redis_at else 1)
        server = HttpServer(limits, _ErrorLog(), FullLog(limits), guarded.wrap)
        redis = _for_redis(config, listeners[len(http) :], service, limits, guarded)
        standing = Standing(config, host, http, redis_at, store, around.doubts)
        api = _make_api(config, service, server, driver, standing, redis, guarded, operations)
        daemon = Daemon(service, server, redis, left, standing, operations)
        before_taking_part()
        async with trio.open_nursery() as nursery:
            await nursery.start(driver.run, config.join)
            for task in (service.run, events.run, guarded.run, own_id.run, daemon.run):
                nursery.start_soon(task)
            if http:
                await nursery.start(server.serve, api.handle, listeners[: len(http)])
            if redis is not None:
                await nursery.start(redis.serve)
            if segments is not None:
                nursery.start_soon(segments.run, own_id.before(driver.hear))
            yield daemon
            await daemon.leave()
            nursery.cancel_scope.cancel()
        _close(store, node)


def _notice(left: trio.Event, event: Event) -> None:
    if isinstance(event, LeaveDone):
        left.set()


def _change(driver: Driver, node: Node, before: DaemonConfig, after: DaemonConfig) -> None:
    if before.tags != after.tags:
        driver.command(partial(node.tag, after.tags))
    dropped = [seed for seed in before.join if seed not in after.join]
    if before.join != after.join:
        driver.command(lambda now: node.join([*after.join], now, dropped))
    node.limit(after.max_counters)


def _make_api(
    config: DaemonConfig,
    service: Service,
    server: HttpServer,
    driver: Driver,
    standing: Standing,
    redis: RedisClients | None,
    guarded: Guards,
    operations: Operations,
) -> Api:
    requests: dict[tuple[str, int], int] = {}
    took = Histogram()

    def shown() -> CounterValues:
        now = operations.config
        return CounterValues(service.values(), now.metrics_counters, now.max_counters)

    metrics = Metrics(
        shown,
        service.statistics,
        server.statistics,
        requests,
        driver.lateness,
        standing.store,
        service.keys,
        None if redis is None else redis.numbers,
        guarded.access,
        partial(of_node, service, took, durable=standing.store is not None),
    )
    hosts = OwnHosts(_names(config))
    more = (operations, standing, guarded.access, took)
    return Api(service, metrics.page, requests, hosts, *more, page=config.page)


def _for_redis(
    config: DaemonConfig,
    listeners: list[trio.SocketListener],
    service: Service,
    limits: Limits,
    guarded: Guards,
) -> RedisClients | None:
    if not listeners:
        return None
    calls = _ErrorLog(), FullLog(limits), guarded.access, guarded.wrap
    durable = config.data_dir is not None
    return RedisClients(service, listeners, limits.connections, *calls, durable=durable)


class _ErrorLog:
    """Logs what the handler of a request raised, once a second at most."""

    def __init__(self) -> None:
        self._limit = RateLimit(_ERROR_INTERVAL, trio.current_time)

    def __call__(self, error: Exception, request: Request | None = None) -> None:
        held_back = self._limit.admit("handler")
        if held_back is not None:
            path = request.path if request else ""
            log = get_logger()
            log.error("request_failed", path=path, held_back=held_back, exc_info=error)


def _names(config: DaemonConfig) -> Iterator[str]:
    """Yields the names under which clients may know this node."""
    yield config.bind[0]
    yield from [place[0] for place in config.http if not isinstance(place, Path)]
    if config.advertise is not None:
        yield split_node_id(config.advertise)[0]
    machine = socket.gethostname()
    yield machine
    yield machine.partition(".")[0]
    yield from config.allowed_hosts


def _make_node(
    config: DaemonConfig,
    identity: Identity,
    kept: State | None,
    gate: Gate | None,
    *,
    discovery: bool,
) -> Node:
    protocol = ProtocolConfig.profile(
        config.profile,
        cluster=config.cluster,
        tags=config.tags,
        ack=config.ack,
        forget_after=config.forget_after,
        fold_after=config.fold_after,
        max_counters=config.max_counters,
        discovery=discovery,
        seal_bytes=0 if gate is None else gate.seal_bytes(),
    )
    # The system's randomness: after a machine was set back to a snapshot, a generator in this
    # process would draw the same owner ids again.
    return Node(protocol, identity, state=kept, rng=SystemRandom(), now=trio.current_time())


# The store


@contextlib.contextmanager
def _opened_store(
    config: DaemonConfig, node_id: str
) -> Iterator[tuple[Store, State] | tuple[None, None]]:
    """Reserves and opens the store, and yields it with what it holds; None if there is none.

    Raises StartError.
    """
    if config.data_dir is None:
        yield None, None
        return
    try:
        held = lock_directory(config.data_dir, f"process {os.getpid()} ({node_id})")
    except LockError as error:
        raise StartError(str(error)) from None
    try:
        store = Store(config.data_dir, config.cluster)
        try:
            kept = store.open()
        except StoreError as error:
            raise StartError(str(error)) from None
        if store.shortfall is not None:
            get_logger().error(
                "store_incomplete",
                file=str(store.path),
                reason=store.shortfall,
                consequence="of what is missing only what other nodes hold comes back",
            )
        yield store, kept
    finally:
        os.close(held)


def _begin(store: Store | None, node: Node) -> None:
    if store is not None and store.trouble is None:
        with contextlib.suppress(WriteError):
            store.begin(node.generation())


def _close(store: Store | None, node: Node) -> None:
    if store is None:
        return
    if store.trouble is not None:
        node.all_changed()
    try:
        if store.lost() is not None:
            store.renew(node.state())
        store.close(node.changes(), node.checkpoint(PIECE))
    except (WriteError, StoreError) as error:
        get_logger().error("store_failed", reason=str(error))
