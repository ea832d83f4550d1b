"""Random commands with random arguments: each has one answer, and no bug is found."""

from __future__ import annotations

from random import Random

import pytest

from gossipd.daemon.redis.commands import COMMANDS
from tests.daemon.redis.talking import Client, Site

WORDS = [
    *("a", "b", "default", "", "0", "1", "-1", "x", "9007199254740991", "9223372036854775807"),
    *("NX", "GET", "EX", "PX", "MATCH", "COUNT", "TYPE", "ID", "INFO", "DOCS", "SETNAME", "SAVE"),
    *("2", "3", "AUTH", "\x01", "ä", "n" * 129, "*", "[", "[^a", "\\", "10", "LT", "XX"),
]


@pytest.mark.parametrize("seed", range(20))
async def test_any_commands(site: Site, client: Client, seed: int) -> None:
    """However they are pipelined; a transaction may be open, and RESP may change."""
    rng = Random(seed)
    names = [name for name in COMMANDS if name != "QUIT"]
    for _ in range(30):
        lines = [
            " ".join([rng.choice(names), *rng.choices(WORDS, k=rng.randrange(5))])
            for _ in range(rng.randrange(1, 12))
        ]
        assert len(lines) == len(await client.ask_all(*lines))
    assert [] == site.errors
