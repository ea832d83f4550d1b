"""Commands that only read."""

from __future__ import annotations

import pytest

from tests.daemon.redis.talking import Client, Site


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("GET a", "7"),
        ("GET none", None),
        ("GET default", None),
        ("GET ", "-ERR key: must have 1 to 128 bytes, and has 0"),
        ("MGET a none b", ["7", None, "-2"]),
        ("EXISTS a a none", 2),
        ("TYPE a", "string"),
        ("TYPE none", "none"),
        ("TTL a", -1),
        ("PTTL a", -1),
        ("TTL none", -2),
        ("PERSIST a", 0),
        ("PERSIST none", 0),
        ("DBSIZE", 3),
        ("KEYS *", ["a", "aä", "b"]),
        ("KEYS a*", ["a", "aä"]),
        ("KEYS ?", ["a", "b"]),
        ("KEYS default", []),
        ("SCAN 0", ["0", ["a", "aä", "b"]]),
        ("SCAN 0 MATCH b", ["0", ["b"]]),
        ("SCAN 0 TYPE string COUNT 100", ["0", ["a", "aä", "b"]]),
        ("SCAN 0 TYPE hash", ["0", []]),
        ("SCAN x", "-ERR invalid cursor"),
        ("SCAN 9", "-ERR invalid cursor"),
        ("SCAN 0 COUNT 0", "-ERR syntax error"),
        ("SCAN 0 COUNT x", "-ERR value is not an integer or out of range"),
        ("SCAN 0 MATCH", "-ERR syntax error"),
        ("SCAN 0 FOO 1", "-ERR syntax error"),
    ],
)
async def test_one_command(client: Client, line: str, answer: object) -> None:
    """Its answer where there are three counters."""
    await client.ask_all("INCRBY a 7", "DECRBY b 2", "INCR aä")
    assert answer == await client.ask(line)


async def test_the_default_counter_is_listed_once_counted(client: Client) -> None:
    """As every other."""
    assert [0, [], 1, 1, ["default"], "1"] == await client.ask_all(
        "DBSIZE", "KEYS *", "INCR default", "DBSIZE", "KEYS *", "GET default"
    )


async def test_many_names_are_looked_at_in_turns(site: Site, client: Client) -> None:
    """The answer is whole, and each page of it is a turn of its own."""
    names = [f"n{number:04}" for number in range(2500)]
    await client.ask_all(*[f"INCR {name}" for name in names])
    assert names == await client.ask("KEYS n*")
    parts = site.door.connect("", "").answer([b"KEYS", b"n*"])
    assert [True, True, False] == [not part for part in parts]


async def test_a_scan_finds_all_names(client: Client) -> None:
    """Whatever is added meanwhile, on whichever connection, and none of them twice."""
    await client.ask_all(*[f"INCR n{number}" for number in range(25)])
    found: list[str] = []
    cursor = "0"
    for _ in range(3):
        cursor, names = await client.ask(f"SCAN {cursor}")
        found += names
        await client.ask("INCR a")
    assert "0" == cursor
    assert sorted(f"n{number}" for number in range(25)) == found
