"""Clients that others made, at a real node that answers Redis clients."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

from lab.processes import Cluster, cluster, free_addresses

pytestmark = pytest.mark.real

Address = tuple[str, int]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Address]]:
    """A node that keeps its counts, and where it answers Redis clients."""
    ((host, port),) = free_addresses(1)
    folder = tmp_path_factory.mktemp("redis")
    with cluster(1, folder, "--redis", f"{host}:{port}", kept=True) as nodes:
        yield nodes, (host, port)


def needs(program: str) -> None:
    """Skips the test where a program is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def output(address: Address, *words: str, text: str | None = None) -> str:
    """What a program prints that is told this address."""
    host, port = address
    command = [words[0], "-h", host, "-p", str(port), *words[1:]]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("version", ["-2", "-3"])
def test_redis_cli(node: tuple[Cluster, Address], version: str) -> None:
    """In both versions of the protocol, commands as arguments and as lines."""
    needs("redis-cli")
    name = f"cli{version}"
    assert "5\n" == output(node[1], "redis-cli", version, "INCRBY", name, "5")
    lines = f"INCR {name}\nGET {name}\nTTL {name}\nKEYS {name}*\nDBSIZE x\n"
    answers = output(node[1], "redis-cli", version, text=lines).splitlines()
    assert ["6", "6", "-1", name] == answers[:4]
    assert answers[4].startswith("ERR wrong number of arguments")


def test_redis_benchmark(node: tuple[Cluster, Address]) -> None:
    """None of what it asks is lost or counted twice, however much is under way."""
    needs("redis-benchmark")
    _, address = node
    for pipelined in "1", "16":
        flags = ("-q", "-t", "incr", "-c", "20", "-n", "3200", "-P", pipelined)
        printed = output(address, "redis-benchmark", *flags)
        assert "INCR" in printed
        assert "WARN" not in printed
    with redis.Redis(*address) as client:
        assert b"6400" == client.get("counter:__rand_int__")


@pytest.mark.parametrize("version", [2, 3])
def test_redis_py(node: tuple[Cluster, Address], version: int) -> None:
    """Its calls, its pipelines and its transactions."""
    host, port = node[1]
    name = f"py{version}"
    with redis.Redis(host, port, protocol=version, decode_responses=True) as client:
        assert client.ping()
        assert [5, "5", 4] == [client.incrby(name, 5), client.get(name), client.decr(name)]
        with client.pipeline(transaction=True) as pipeline:
            assert [5, "5", 1] == pipeline.incr(name).get(name).delete(name).execute()
        assert client.set(name, 3, nx=True, ex=60)
        assert 55 < client.ttl(name) <= 60
        assert "3" == client.getdel(name)
        names = {f"{name}:{number}" for number in range(30)}
        with client.pipeline(transaction=False) as pipeline:
            for each in sorted(names):
                pipeline.incr(each)
            assert [1] * 30 == pipeline.execute()
        assert names == set(client.scan_iter(f"{name}:*"))
        with pytest.raises(redis.ResponseError, match="not an integer"):
            client.execute_command("INCRBY", name, "x")


def test_redis_py_in_asyncio(node: tuple[Cluster, Address]) -> None:
    """Many at once, each on a connection of its own."""
    host, port = node[1]

    async def count() -> int:
        async with redis.asyncio.Redis(host=host, port=port) as client:
            await asyncio.gather(*(client.incr("async") for _ in range(100)))
            return int(await client.get("async"))

    assert 100 == asyncio.run(count())


def heard(subscribed: redis.client.PubSub, kind: str) -> Any:
    """The next of a kind that the client is told: its channel and data."""
    while found := subscribed.get_message(timeout=10):
        if found["type"] == kind:
            return found["channel"], found["data"]
    raise TimeoutError(kind)


@pytest.mark.parametrize("version", [2, 3])
def test_redis_py_follows_counters(node: tuple[Cluster, Address], version: int) -> None:
    """By channels and by patterns."""
    host, port = node[1]
    space, event, name = "__keyspace@0__:", "__keyevent@0__:", f"followed{version}"
    with redis.Redis(host, port, protocol=version, decode_responses=True) as client:
        assert "K" in client.config_get("notify-keyspace-events")["notify-keyspace-events"]
        with client.pubsub() as subscribed:
            subscribed.psubscribe(f"{space}{name}*")
            # What another connection changes before the answer need not be told.
            heard(subscribed, "psubscribe")
            for _ in range(2):
                client.incr(name)
                assert (f"{space}{name}", "incrby") == heard(subscribed, "pmessage")
            subscribed.punsubscribe()
            subscribed.subscribe(f"{event}del")
            heard(subscribed, "subscribe")
            assert subscribed.ping() is not False
            client.delete(name)
            assert (f"{event}del", name) == heard(subscribed, "message")


def test_redis_py_follows_counters_in_asyncio(node: tuple[Cluster, Address]) -> None:
    """Many clients, each of which is told."""
    host, port = node[1]

    async def follow(client: redis.asyncio.Redis, ready: asyncio.Semaphore) -> tuple[str, str]:
        async with client.pubsub() as subscribed:
            await subscribed.subscribe("__keyspace@0__:afollowed")
            async for one in subscribed.listen():
                if one["type"] == "message":
                    break
                ready.release()
            return one["channel"], one["data"]

    async def main() -> list[tuple[str, str]]:
        ready = asyncio.Semaphore(0)
        async with redis.asyncio.Redis(host=host, port=port, decode_responses=True) as client:
            tasks = [asyncio.create_task(follow(client, ready)) for _ in range(50)]
            for _ in tasks:
                await ready.acquire()
            await client.incr("afollowed")
            return await asyncio.wait_for(asyncio.gather(*tasks), 20)

    assert [("__keyspace@0__:afollowed", "incrby")] * 50 == asyncio.run(main())


def test_clients_of_node_js_follow_counters(node: tuple[Cluster, Address]) -> None:
    """ioredis and node-redis, where NODE_PATH has both."""
    needs("node")
    _, (host, port) = node
    found = ["node", "-e", "require.resolve('ioredis'); require.resolve('redis')"]
    if subprocess.run(found, capture_output=True, check=False).returncode:
        pytest.skip("ioredis and redis are not installed from npm")
    command = ["node", str(Path(__file__).with_name("followers.cjs")), host, str(port)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    space, event = "__keyspace@0__:", "__keyevent@0__:"
    assert [
        f"1 {space}ioredis incrby {event}* {event}incrby ioredis",
        "0 PONG",
        *(f"5 incrby {space}node2 node2 {event}incrby", "PONG"),
        *(f"5 incrby {space}node3 node3 {event}incrby", "PONG"),
    ] == done.stdout.splitlines()


def test_a_follower_that_reads_late(node: tuple[Cluster, Address]) -> None:
    """It is told what is there when it reads, and not of every change before."""
    _, (host, port) = node
    names = [f"late:{'n' * 100}:{number}" for number in range(500)]
    # Each change is told twenty times, so that the buffers of the sockets are soon full.
    patterns = [f"__keyspace@0__:late:*{'*' * number}" for number in range(20)]
    last = f"{names[-1]}\r\n$3\r\ndel\r\n".encode()
    with socket.create_connection((host, port), 10) as late, redis.Redis(host, port) as client:
        late.sendall(f"PSUBSCRIBE {' '.join(patterns)}\r\n".encode())
        found = b""
        while b":20\r\n" not in found:
            found += late.recv(1000)
        for _ in range(30):
            with client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.incr(name)
                pipeline.execute()
        client.delete(*names)
        while found.count(last) < len(patterns):
            found += late.recv(1 << 20)
    assert found.count(b"pmessage") < 15 * len(names) * len(patterns)


def test_counts_are_there_after_a_kill(node: tuple[Cluster, Address]) -> None:
    """What was answered was on disk."""
    nodes, address = node
    with redis.Redis(*address) as client:
        assert [*range(1, 101)] == [client.incr("kept") for _ in range(100)]
    nodes[0].kill()
    nodes.start()
    with redis.Redis(*address) as client:
        assert b"100" == client.get("kept")
