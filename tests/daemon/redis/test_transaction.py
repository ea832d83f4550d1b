"""Transactions: one write, all of it or nothing, that reads what it wrote."""

from __future__ import annotations

import pytest

from gossipd.protocol import VALUE_LIMIT
from tests.daemon.redis.talking import Client

NOT_INTEGER = "-ERR value is not an integer or out of range"
OVERFLOW = "ERR increment or decrement would overflow"


async def test_transactions(client: Client) -> None:
    """They are queued, carried out as one write, and read what they wrote."""
    lines = "MULTI|GET a|INCR a|GET a|INCRBY a 4|GET a|INCRBY a x|SET b 0 NX|DEL a|GET a|EXEC"
    answers = await client.ask_all(*lines.split("|"))
    assert ["OK"] + ["QUEUED"] * 9 == answers[:-1]
    assert [None, 1, "1", 5, "5", NOT_INTEGER, "OK", 1, None] == answers[-1]
    assert [None, "0"] == await client.ask("MGET a b")


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        ("EXEC", ["-ERR EXEC without MULTI"]),
        ("DISCARD", ["-ERR DISCARD without MULTI"]),
        ("MULTI|MULTI|EXEC", ["OK", "-ERR MULTI calls can not be nested", []]),
        ("MULTI|INCR a|DISCARD|GET a", ["OK", "QUEUED", "OK", None]),
        ("MULTI|INCR a|RESET|GET a", ["OK", "QUEUED", "RESET", None]),
        ("MULTI|PING|ECHO x|EXEC", ["OK", "QUEUED", "QUEUED", ["PONG", "x"]]),
        (
            "MULTI|INCR|INCR a|EXEC|GET a",
            [
                "OK",
                "-ERR wrong number of arguments for 'incr' command",
                "QUEUED",
                "-EXECABORT Transaction discarded because of previous errors.",
                None,
            ],
        ),
        (
            f"MULTI|INCR a|INCRBY b {VALUE_LIMIT}|INCR b|EXEC|MGET a b",
            [
                "OK",
                *(["QUEUED"] * 3),
                f"-EXECABORT Transaction discarded: {OVERFLOW}",
                [None, None],
            ],
        ),
        ("MULTI|KEYS *", ["OK", "-ERR Command not allowed inside a transaction"]),
        ("MULTI|INCR a|EXPIRE a 60|EXEC|TTL a", ["OK", "QUEUED", "QUEUED", [1, 1], 60]),
    ],
)
async def test_the_edges_of_transactions(client: Client, lines: str, answers: list[object]) -> None:
    """As Redis has them, except that one refused change refuses all."""
    assert answers == await client.ask_all(*lines.split("|"))


async def test_a_transaction_is_bounded(client: Client) -> None:
    """Whatever is queued is kept in memory."""
    answers = await client.ask_all("MULTI", *["INCR a"] * 1025)
    assert ["QUEUED", "-ERR a transaction has at most 1024 commands"] == answers[-2:]
