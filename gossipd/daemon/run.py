"""One daemon from start to stop: its sockets, its node, its HTTP server, its leave."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from random import SystemRandom

import structlog
import trio

from gossipd import __version__
from gossipd.protocol import (
    Event,
    Identity,
    LeaveDone,
    Node,
    ProtocolConfig,
    State,
    format_node_id,
    is_address,
    split_node_id,
)

from .config import DaemonConfig
from .doors.api import Api
from .doors.metrics import Metrics
from .driver import Driver, look_up
from .events import EventLog
from .http.messages import Request
from .http.server import HttpServer
from .log import RateLimit, configure
from .net.interfaces import advertised_address, changed_address, is_wildcard
from .net.segments import Segments
from .net.udp import UdpSocket
from .storage.lock import LockError, lock
from .storage.store import Store, StoreError, WriteError

_BACKLOG = 1024
_DRAIN_SECONDS = 1.0
_STOP_SECONDS = 2.8
_ERROR_INTERVAL = 1.0
_ADDRESS_SECONDS = 2.0


class StartError(Exception):
    """The daemon cannot start; the text is one line that says what and where."""


def main(config: DaemonConfig) -> int:
    """Runs a daemon until it is told to stop. The exit code: 0, or 1 if it could not start."""
    configure(config.log_format, config.log_level)
    try:
        return trio.run(run, config)
    except* StartError as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        structlog.get_logger().error(str(error))
    return 1


async def run(config: DaemonConfig) -> int:
    """The same inside trio. Raises StartError if the address cannot be used."""
    log = structlog.get_logger()
    host = await _bind_host(config.bind[0])
    node_id = await _advertised(config, host)
    with _store(config, node_id) as (store, kept):
        last_id = await _serve(config, host, node_id, store, kept)
    log.info("stopped", node_id=last_id)
    return 0


async def _serve(
    config: DaemonConfig, host: str, node_id: str, store: Store | None, kept: State | None
) -> str:
    """Runs the node until it has left; the id that it had then."""
    log = structlog.get_logger()
    endpoint, listeners = _open(host, config.bind[1])
    segments = _segments(config, host)
    left = trio.Event()

    def forward(event: Event) -> None:
        if isinstance(event, LeaveDone):
            left.set()

    node = _make_node(config, node_id, kept, discovery=segments is not None)
    if store is not None and store.trouble is None:
        with contextlib.suppress(WriteError):
            store.begin(node.state().generation)
    broadcast = None if segments is None else segments.broadcast
    driver = Driver(node, node_id, endpoint, EventLog(forward), store, broadcast)
    server, _ = _make_server(driver, store)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, signals, driver, server, left, nursery)
            await nursery.start(driver.run, config.join)
            await nursery.start(server.serve, listeners)
            if segments is not None:
                nursery.start_soon(segments.run, driver.hear)
            if config.advertise is None and is_wildcard(host):
                nursery.start_soon(_follow_address, host, driver)
            log.info(
                "started",
                node_id=node_id,
                listening=format_node_id(host, config.bind[1]),
                cluster=config.cluster,
                data_dir=None if config.data_dir is None else str(config.data_dir),
                version=__version__,
            )
    endpoint.close()
    if segments is not None:
        segments.close()
    if store is not None:
        _close(store, node)
    return driver.node_id


def _segments(config: DaemonConfig, host: str) -> Segments | None:
    """The networks to look for nodes in, None without discovery."""
    if not config.discovery:
        return None
    if ":" in host:
        structlog.get_logger().info("discovery_off", reason="IPv6 has no broadcast")
        return None
    segments = Segments(host, config.discovery_port)
    segments.look()
    return segments


def _make_node(config: DaemonConfig, node_id: str, kept: State | None, *, discovery: bool) -> Node:
    protocol = ProtocolConfig.profile(
        config.profile, cluster=config.cluster, ack=config.ack, discovery=discovery
    )
    identity = Identity(node_id, secrets.randbits(32), time.time_ns() // 1_000_000)
    # Ids that are drawn after a machine was set back must not be those that were drawn before.
    return Node(protocol, identity, state=kept, rng=SystemRandom(), now=trio.current_time())


@contextlib.contextmanager
def _store(config: DaemonConfig, node_id: str) -> Iterator[tuple[Store, State] | tuple[None, None]]:
    """The store of this process alone, and what it holds; None if nothing is to be kept.

    Raises StartError.
    """
    if config.data_dir is None:
        yield None, None
        return
    try:
        held = lock(config.data_dir, f"process {os.getpid()} ({node_id})")
    except LockError as error:
        raise StartError(str(error)) from None
    try:
        store = Store(config.data_dir, config.cluster)
        try:
            kept = store.open()
        except StoreError as error:
            raise StartError(str(error)) from None
        yield store, kept
    finally:
        os.close(held)


def _close(store: Store, node: Node) -> None:
    try:
        store.close(node.state())
    except WriteError as error:
        structlog.get_logger().error("store_failed", reason=str(error))


def _make_server(driver: Driver, store: Store | None) -> tuple[HttpServer, Metrics]:
    requests: dict[tuple[str, int], int] = {}
    errors = RateLimit(_ERROR_INTERVAL, trio.current_time)
    log = structlog.get_logger()

    def on_error(error: Exception, request: Request | None) -> None:
        held_back = errors.admit("handler")
        if held_back is not None:
            path = request.path if request else ""
            log.error("request_failed", path=path, held_back=held_back, exc_info=error)

    async def render() -> bytes:
        return await metrics.render()

    api = Api(driver, render, requests)
    server = HttpServer(api.handle, on_error=on_error)
    metrics = Metrics(driver.statistics, server.statistics, requests, driver.lateness, store)
    return server, metrics


async def _stop_on_signal(
    signals: AsyncIterator[int],
    driver: Driver,
    server: HttpServer,
    left: trio.Event,
    nursery: trio.Nursery,
) -> None:
    """Answers what is under way, leaves, and ends the daemon; a second signal ends it at once."""
    number = await anext(signals)
    structlog.get_logger().info("stopping", signal=signal.Signals(number).name)
    driver.draining = True
    with trio.move_on_after(_STOP_SECONDS):
        async with trio.open_nursery() as impatient:
            impatient.start_soon(_end_at_once, signals)
            server.drain()
            with trio.move_on_after(_DRAIN_SECONDS):
                while server.statistics().open:
                    await trio.sleep(0.01)
            driver.leave()
            await left.wait()
            impatient.cancel_scope.cancel()
    nursery.cancel_scope.cancel()


async def _end_at_once(signals: AsyncIterator[int]) -> None:
    number = await anext(signals)
    # Nothing is to be flushed or awaited any more: that is what a second signal asks for.
    os._exit(128 + number)


# Addresses


async def _bind_host(name: str) -> str:
    """The address of this machine that `name` stands for."""
    if is_address(name):
        return name
    addresses = await look_up(name, 0)
    if not addresses:
        raise StartError(f"--bind: the name {name} has no address")
    return addresses[0][0]


async def _advertised(config: DaemonConfig, bind_host: str) -> str:
    """The id of this node: as given, or the address by which others would reach it."""
    if config.advertise is None:
        host, warning = advertised_address(bind_host)
        if warning:
            structlog.get_logger().warning("advertised_address", reason=warning)
        return format_node_id(host, config.bind[1])
    host, port = split_node_id(config.advertise)
    if is_address(host):
        return config.advertise
    addresses = await look_up(host, port)
    if not addresses:
        raise StartError(f"--advertise: the name {host} has no address")
    return format_node_id(addresses[0][0], port)


async def _follow_address(host: str, driver: Driver) -> None:
    """Lets the node go on under another id when this machine has got another address."""
    while True:
        await trio.sleep(_ADDRESS_SECONDS)
        advertised, port = split_node_id(driver.node_id)
        found = changed_address(host, advertised)
        if found is not None:
            driver.move(format_node_id(found, port))


def _open(host: str, port: int) -> tuple[UdpSocket, list[trio.SocketListener]]:
    """Both sockets of the node's one port number."""
    where = format_node_id(host, port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tcp = socket.socket(family, socket.SOCK_STREAM)
    try:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((host, port))
        tcp.listen(_BACKLOG)
        endpoint = UdpSocket(host, port)
    except OSError as error:
        tcp.close()
        raise StartError(f"cannot listen on {where}: {_reason(error)}") from None
    return endpoint, [trio.SocketListener(trio.socket.from_stdlib_socket(tcp))]


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program uses this address (is a gossipd running here?)"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address"
    return os.strerror(error.errno) if error.errno else str(error)
