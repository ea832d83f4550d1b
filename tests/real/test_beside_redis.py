"""A node and a real Redis are asked the same, and answer the same.

What is drawn is what docs/redis.md says is as in Redis. Debian's redis-tools has the server too,
under the name of one of its tools.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import redis

from lab.processes import cluster, eventually, free_addresses

pytestmark = pytest.mark.real

Address = tuple[str, int]

NAMES = ("a", "b", "views:1", "views:2", "ä")
NUMBERS = ("0", "1", "-1", "5", "-70", "12345", "9007199254740")
WRONG = ("x", "", "1.5", " 1", "01", "+1", "-", "-0", "9223372036854775808", "1e3")
OUTSIDE = ("KEYS", "SCAN", "HELLO")
"""What has no place in a transaction here, or an answer in any order."""

ENDS = ("EXEC", "DISCARD")
SEQUENCES, LENGTH = 30, 60


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Address, Address]]:
    """Where a node and a Redis answer."""
    server = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if server is None:
        pytest.skip("Redis is not installed")
    folder = tmp_path_factory.mktemp("beside")
    ours, theirs = free_addresses(2)
    command = ["redis-server", "--bind", theirs[0], "--port", str(theirs[1]), "--save", ""]
    with (
        cluster(1, folder, "--redis", f"{ours[0]}:{ours[1]}"),
        Path(folder, "redis.log").open("wb") as log,
        subprocess.Popen(command, executable=server, cwd=folder, stdout=log) as process,
    ):
        try:
            eventually("Redis answers", lambda: answers(theirs), 10)
            yield ours, theirs
        finally:
            process.terminate()


def answers(address: Address) -> bool:
    """Whether somebody answers there."""
    try:
        with redis.Redis(*address) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def drawn(rng: Random) -> list[str]:
    """A command."""
    name, number, wrong = rng.choice(NAMES), rng.choice(NUMBERS), rng.choice(WRONG)
    some = rng.choices(NAMES, k=rng.choice([1, 1, 2, 5]))
    return rng.choice(
        [
            *(["INCR", name], ["DECR", name], ["INCRBY", name, number], ["DECRBY", name, number]),
            *(["INCRBY", name, wrong], ["DECRBY", name, wrong], ["INCRBY", name], ["incr", name]),
            *(["GET", name], ["MGET", *some], ["EXISTS", *some], ["TYPE", name], ["TTL", name]),
            *(["PTTL", name], ["PERSIST", "none"], ["GETDEL", name], ["DEL", *some], ["GET"]),
            *(["UNLINK", *some], ["SET", name, number, "NX"], ["SET", name, number, "GET"]),
            *(["SET", name, number, "NX", "GET"], ["SET", name, number, "nx", "EX", "100000"]),
            *(["SET", name, number, "NX", "EX", wrong], ["SET", name, number, "NX", "PX", "0"]),
            *(["SET", name], ["EXPIRE", "none", "5"], ["EXPIRE", name, "-1"], ["DBSIZE"]),
            *(["EXPIRE", name, wrong], ["EXPIRE", name, "5", "NX", "XX"], ["EXPIRE", name]),
            *(["KEYS", "*"], ["KEYS", "views:?"], ["KEYS", "[^a]*"], ["KEYS"], ["PING"]),
            *(["PING", name], ["PING", name, name], ["ECHO", name], ["ECHO"], ["SELECT", "0"]),
            *(["CLIENT", "GETNAME"], ["CLIENT", "SETNAME", "me"], ["CLIENT", "SETNAME", "a b"]),
            *(
                ["MULTI"],
                ["EXEC"],
                ["EXEC"],
                ["DISCARD"],
                ["WAIT", "0", "0"],
                ["SCAN", "0", "COUNT", "99"],
            ),
            *(
                ["SCAN", "x"],
                ["SCAN", "0", "COUNT", "0"],
                ["SCAN", "0", "FOO", "1"],
                ["HELLO", "4"],
            ),
        ]
    )


class Asking:
    """A client that shows answers as they are."""

    def __init__(self, address: Address) -> None:
        self._connection = redis.Connection(*address, decode_responses=True)

    def ask(self, *words: str) -> object:
        """What is answered."""
        self._connection.send_command(*words)
        try:
            return plain(self._connection.read_response(), words[0])
        except redis.ResponseError as error:
            return plain(error)

    def close(self) -> None:
        """Ends."""
        self._connection.disconnect()


def plain(answer: object, command: str = "") -> object:
    """An answer with names in any order, and with times that are about the same."""
    if isinstance(answer, redis.ResponseError):
        return f"-{answer}"
    if isinstance(answer, list):
        found = [plain(one, command) for one in answer]
        return sorted(found, key=repr) if command in ("KEYS", "SCAN") else found
    if isinstance(answer, int) and 99_000 < answer <= 100_000:
        return "seconds left"
    if isinstance(answer, int) and 99_000_000 < answer <= 100_000_000:
        return "milliseconds left"
    return answer


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_any_commands(both: tuple[Address, Address], seed: int) -> None:
    """In any order, in and outside of transactions."""
    rng = Random(seed)
    ours, theirs = [Asking(address) for address in both]
    try:
        for client in ours, theirs:
            client.ask("DEL", *NAMES)
        asked: list[list[str]] = []
        queues = False
        for _ in range(LENGTH):
            asked.append(drawn(rng))
            if queues and asked[-1][0] in OUTSIDE:
                continue
            expected = theirs.ask(*asked[-1])
            assert expected == ours.ask(*asked[-1]), asked
            queues = (queues or asked[-1] == ["MULTI"]) and asked[-1][0] not in ENDS
    finally:
        ours.close()
        theirs.close()
