"""A whole daemon with the door for Redis clients, over loopback."""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.errors import StartError
from gossipd.daemon.http.connection import Connection as HttpConnection
from gossipd.daemon.open import Daemon, open_daemon
from gossipd.daemon.redis.session import Session
from gossipd.daemon.resp.connection import Connection as RedisConnection
from tests.daemon.asking import QUIET, ask, free_port, get

_HALF = (
    b"GET /count HTTP/1.1\r\nHost: localhost\r\n\r\nGET",
    b"SUBSCRIBE __keyspace@0__:a\r\n*2\r\n",
)
"""What a client of HTTP and one of Redis send: a request, and the beginning of another."""


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[tuple[Daemon, int, int]]:
    """Opens a daemon; yields it with its ports for HTTP and for Redis clients."""
    port, redis = free_port(), free_port()
    config = DaemonConfig(
        **{**QUIET, "bind": ("127.0.0.1", port), "redis": ("127.0.0.1", redis), **options}
    )
    with trio.fail_after(10):
        async with open_daemon(config) as daemon:
            yield daemon, port, redis


async def test_one_node_has_both_doors() -> None:
    """What is counted through one is read through the other, and seen on the metrics page."""
    async with opened() as (_, port, redis), await trio.open_tcp_stream("127.0.0.1", redis) as one:
        await one.send_all(b"INCRBY a 5\r\nINCR default\r\nFOO\r\n")
        answer = b""
        while answer.count(b"\n") < 3:
            answer += await one.receive_some()
        assert answer.startswith(b":5\r\n:1\r\n-ERR unknown command 'FOO'")
        assert b'"value":5' in (await ask(port, get("/v1/counters/a")))[1]
        page = (await ask(port, get("/metrics")))[1]
        assert b'gossipd_redis_commands_total{command="INCRBY"} 1.0' in page
        assert b"gossipd_redis_connections 1.0" in page


async def test_nobody_listens_unless_told_to() -> None:
    """Nor are there any metrics of it."""
    async with opened(redis=None) as (_, port, _):
        assert b"redis" not in (await ask(port, get("/metrics")))[1]


async def test_clients_are_answered_before_the_node_leaves() -> None:
    """An idle client is closed."""
    async with opened() as (daemon, _, redis):
        idle = await trio.open_tcp_stream("127.0.0.1", redis)
        async with idle:
            await idle.send_all(b"PING\r\n")
            assert b"+PONG\r\n" == await idle.receive_some()
            await daemon.leave()
            assert b"" == await idle.receive_some()


async def test_an_address_in_use_is_named() -> None:
    """As that of `--bind`."""
    async with opened() as (_, _, redis):
        config = DaemonConfig(**QUIET, bind=("127.0.0.1", free_port()), redis=("127.0.0.1", redis))
        with pytest.raises(StartError, match=f"cannot listen on 127.0.0.1:{redis}: another"):
            async with open_daemon(config):
                pass


async def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    for name in [name for name in sys.modules if name.startswith("gossipd.daemon.re")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hiredis", None)
    with pytest.raises(StartError, match=r"--redis needs hiredis, .* 'gossipd\[redis\]'"):
        async with opened():
            pass


async def test_a_closed_connection_is_freed_at_once() -> None:
    """At either door, without the garbage collector, also with half a request and a subscription.

    Many short connections would else keep all that they had read until it comes to them.
    """
    kept = (RedisConnection, HttpConnection, Session)
    async with opened() as (_, port, redis):
        gc.collect()
        gc.disable()
        try:
            for where in port, redis, redis:
                async with await trio.open_tcp_stream("127.0.0.1", where) as stream:
                    await stream.send_all(_HALF[where == redis])
                    await stream.receive_some()
            # The loop still names the last one of each door that it called.
            while sum(isinstance(each, kept) for each in gc.get_objects()) > 3:
                await trio.sleep(0)
        finally:
            gc.enable()
