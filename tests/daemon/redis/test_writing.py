"""Commands that set, take away and let expire."""

from __future__ import annotations

import pytest
import trio

from tests.daemon.redis.talking import Client

LIVES_ON = "-ERR this counter was made without a time to live"
TAKES = "-ERR SET would take back what other nodes count"
EXPIRE = "-ERR invalid expire time in 'expire' command"


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        ("SET b 5 NX|GET b", ["OK", "5"]),
        ("SET a 5 NX|GET a", [None, "7"]),
        ("SET a 5 NX GET|GET a", ["7", "7"]),
        ("SET b 5 NX GET|GET b", [None, "5"]),
        ("SET a 0 GET|GET a|INCR a", ["7", "0", 1]),
        ("SET a 3 GET|GET a", ["7", "3"]),
        ("SET b 0 GET|GET b", [None, "0"]),
        ("SET a 5", [TAKES]),
        ("SET a x NX", ["-ERR value is not an integer or out of range"]),
        ("SET a 1 XX", ["-ERR syntax error"]),
        ("SET a 1 NX EX", ["-ERR value is not an integer or out of range"]),
        ("SET a 1 NX EX 0", ["-ERR invalid expire time in 'set' command"]),
        ("SET b 2 NX EX 100|TTL b|INCR b|TTL b", ["OK", 100, 3, 100]),
        ("SET b 2 NX PX 1600|TTL b", ["OK", 2]),
        ("GETDEL a|GET a|DBSIZE", ["7", None, 0]),
        ("GETDEL none", [None]),
        ("DEL a a none|EXISTS a", [1, 0]),
        ("UNLINK a|INCR a", [1, 1]),
        ("DEL none", [0]),
        ("INCR default|DEL default", [1, "-ERR default: can only be counted up and raised"]),
        ("EXPIRE none 10", [0]),
        ("EXPIRE a 10", [LIVES_ON]),
        ("EXPIRE a 10 XX", [0]),
        ("EXPIRE a 0|EXISTS a", [1, 0]),
        ("EXPIRE a -1|EXISTS a", [1, 0]),
        ("EXPIRE a 99999999999", [EXPIRE]),
        ("EXPIRE a x", ["-ERR value is not an integer or out of range"]),
        ("EXPIRE a 1 FOO", ["-ERR Unsupported option FOO"]),
        ("EXPIRE a 1 NX XX", ["-ERR NX and XX, GT or LT options at the same time"]),
        ("SET b 0 NX EX 10|EXPIRE b 5|TTL b", ["OK", 0, 10]),
        ("SET b 0 NX EX 10|EXPIRE b 20|TTL b", ["OK", 1, 20]),
        ("SET b 0 NX EX 10|EXPIRE b 20 NX|TTL b", ["OK", 0, 10]),
        ("SET b 0 NX EX 10|EXPIRE b 20 LT|TTL b", ["OK", 0, 10]),
        ("SET b 0 NX EX 10|PEXPIRE b 20000 GT|TTL b", ["OK", 1, 20]),
        ("SET b 0 NX EX 10|PERSIST b", ["OK", "-ERR a time to live cannot be taken back"]),
    ],
)
async def test_one_after_the_other(client: Client, lines: str, answers: list[object]) -> None:
    """Answers, or how errors begin, where `a` is 7."""
    await client.ask("INCRBY a 7")
    found = await client.ask_all(*lines.split("|"))
    assert answers == [
        one[: len(wanted)] if isinstance(wanted, str) and wanted[:1] == "-" else one
        for one, wanted in zip(found, answers, strict=True)
    ]


async def test_a_counter_expires(client: Client) -> None:
    """What is counted later begins with nothing."""
    assert "OK" == await client.ask("SET b 5 NX EX 10")
    await trio.sleep(9)
    assert ["5", 1] == await client.ask_all("GET b", "TTL b")
    await trio.sleep(2)
    assert [None, -2, [], 1] == await client.ask_all("GET b", "TTL b", "KEYS *", "INCR b")


async def test_pipelined_counts_after_a_reset(client: Client) -> None:
    """Each is told its own value, although they share a write."""
    await client.ask_all("INCR a", "GETDEL a")
    assert [1, 2, 12, 11] == await client.ask_all("INCR a", "INCR a", "INCRBY a 10", "DECR a")
