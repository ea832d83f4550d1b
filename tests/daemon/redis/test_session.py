"""Requests of one client: what is answered to each, in order, and which share a write."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from gossipd.daemon.future import Future
from gossipd.daemon.service import Service
from gossipd.protocol import VALUE_LIMIT, Answer
from tests.daemon.redis.talking import Client, Site, packed, talking

NOT_INTEGER = "-ERR value is not an integer or out of range"
OVERFLOW = "-ERR increment or decrement would overflow"
GROWS = "-ERR the counter default only grows: an amount must be at least 1"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("INCR a", 1),
        ("incr a", 1),
        ("Incr a", 1),
        ("DECR a", -1),
        ("INCRBY a 5", 5),
        ("INCRBY a 0", 0),
        ("DECRBY a 5", -5),
        ("DECRBY a -5", 5),
        ("INCRBY a", "-ERR wrong number of arguments for 'incrby' command"),
        ("INCR a b", "-ERR wrong number of arguments for 'incr' command"),
        ("INCRBY a x", NOT_INTEGER),
        ("INCRBY a +5", NOT_INTEGER),
        ("INCRBY a -0", NOT_INTEGER),
        ("INCRBY a 05", NOT_INTEGER),
        ("INCRBY a 1.5", NOT_INTEGER),
        ("INCRBY a ", NOT_INTEGER),
        ("INCRBY a 9223372036854775808", NOT_INTEGER),
        ("INCRBY a 9223372036854775807", OVERFLOW),
        (f"INCRBY a {VALUE_LIMIT}", VALUE_LIMIT),
        (f"INCRBY a {VALUE_LIMIT + 1}", OVERFLOW),
        ("DECRBY a -9223372036854775808", "-ERR decrement would overflow"),
        ("INCR default", 1),
        ("DECR default", GROWS),
        ("INCRBY default 0", GROWS),
        ("INCR ", "-ERR name: must have 1 to 128 bytes, and has 0"),
        (f"INCR {'n' * 129}", "-ERR name: must have 1 to 128 bytes, and has 129"),
        ("INCR a\x01", "-ERR name: must not have control characters"),
        ("LPUSH a b", "-ERR unknown command 'LPUSH', with args beginning with: 'a' 'b'"),
    ],
)
async def test_one_command(client: Client, line: str, answer: int | str) -> None:
    """Its answer, or how its error begins, as Redis has them."""
    found = await client.ask(line)
    assert answer == (found[: len(answer)] if isinstance(answer, str) else found)


async def test_a_key_that_is_no_utf8(client: Client) -> None:
    """No counter can have it."""
    await client.send(b"*2\r\n$4\r\nINCR\r\n$1\r\n\xff\r\n*2\r\n$3\r\nGET\r\n$1\r\n\xff\r\n")
    assert ["ERR key: must be UTF-8"] * 2 == [str(await client.receive()) for _ in "ab"]


async def test_pipelined_answers_keep_their_order(client: Client) -> None:
    """A read sees what was counted before it and nothing that was counted after it."""
    lines = "INCR a|INCR a|GET a|INCRBY a x|INCR b|DECR a|PING|GET a|INCR a|NO|MGET a b c"
    answers = await client.ask_all(*lines.split("|"))
    expected = [1, 2, "2", NOT_INTEGER, 1, 1, "PONG", "1", 2, ["2", "1", None]]
    assert expected == answers[:9] + answers[10:]


async def test_pipelined_counts_share_a_write(site: Site, client: Client) -> None:
    """A hundred of them are one entry of the node's log, and one transaction."""
    before = site.node.state()
    assert [*range(1, 101)] == await client.ask_all(*["INCR a"] * 100)
    assert () == before.groups
    [group] = site.node.state().groups
    assert 1 == group.upto


async def test_a_count_that_fails_fails_alone(client: Client) -> None:
    """Those that shared its write are made one by one."""
    lines = f"INCR a|INCRBY b {VALUE_LIMIT}|INCRBY b 1|INCR |INCR a".split("|")
    empty = "-ERR name: must have 1 to 128 bytes, and has 0"
    assert [1, VALUE_LIMIT, OVERFLOW, empty, 2] == await client.ask_all(*lines)


async def test_who_fails_at_once_is_answered_in_its_place(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though those before it wait for their disk."""
    change = Service.change

    def slowly(self: Service, *arguments: Any) -> Future[Answer]:
        made: Future[Answer] = Future()
        soon = trio.lowlevel.current_trio_token().run_sync_soon

        def settle(outcome: Answer | Exception) -> None:
            if isinstance(outcome, Exception):
                made.settle(outcome)
            else:
                soon(made.settle, outcome)

        change(self, *arguments).then(settle)
        return made

    monkeypatch.setattr(Service, "change", slowly)
    assert VALUE_LIMIT == await client.ask(f"INCRBY b {VALUE_LIMIT}")
    assert [1, OVERFLOW, 2] == await client.ask_all("INCR a", "INCR b", "INCR a")


async def test_a_counter_meets_its_limit_on_the_way(client: Client) -> None:
    """Although it would be back within it at the end of the pipeline."""
    lines = [f"INCRBY a {VALUE_LIMIT}", "INCR a", "DECR a"]
    assert [VALUE_LIMIT, OVERFLOW, VALUE_LIMIT - 1] == await client.ask_all(*lines)


async def test_too_many_counters(autojump_clock: trio.testing.MockClock) -> None:
    """It is Redis's error of a full memory."""
    async with talking(autojump_clock, max_counters=1) as site:
        client = site.connect()
        assert 1 == await client.ask("INCR a")
        assert "-OOM there are 1 counters, and no more may be made" == await client.ask("INCR b")


async def test_commands_and_errors_are_counted(site: Site, client: Client) -> None:
    """By name, and by code."""
    await client.ask_all("INCR a", "INCR a", "GET a", "NO", "INCRBY a x", "HELLO 9")
    assert {"INCR": 2, "GET": 1, "INCRBY": 1, "HELLO": 1} == site.door.tally.commands
    assert {"ERR": 2, "NOPROTO": 1} == site.door.tally.errors


async def test_a_page_that_speaks_http_is_cut_off(site: Site) -> None:
    """A browser can be made to send a POST to any port."""
    client = site.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nINCR a\r\n")
    assert "ERR unknown command 'POST'" in str(await client.receive())
    assert await client.receive() is None
    assert "0" == str(await site.connect().ask("DBSIZE"))


async def test_quit_ends_the_connection(client: Client) -> None:
    """What was pipelined behind it is not answered."""
    await client.send(packed("INCR a") + packed("QUIT") + packed("INCR a"))
    assert [1, b"OK", None] == [await client.receive() for _ in range(3)]
