"""The messages that come of subscriptions."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from gossipd.daemon.access import Access, new_token
from gossipd.daemon.watch import MOST, WINDOW_SECONDS
from tests.daemon.redis.talking import Client, Site, packed, plain, talking

SPACE, EVENT = "__keyspace@0__:", "__keyevent@0__:"


@pytest.fixture
async def other(site: Site) -> Client:
    """Another client, which counts."""
    return site.connect()


async def told(client: Client) -> object:
    """The next message, without the first word."""
    return plain(await client.receive())[1:]


async def quiet(client: Client) -> None:
    """Sees that nothing comes before the answer to a PING, after some windows."""
    await trio.sleep(10 * WINDOW_SECONDS)
    assert ["pong", "end"] == await client.ask("PING end")


async def test_a_change_is_told_once(client: Client, other: Client) -> None:
    """What was there before is not; changes within a window are one; a read is none."""
    await other.ask_all("INCR a", "INCR b")
    await client.ask(f"SUBSCRIBE {SPACE}a")
    await quiet(client)
    await other.ask_all("INCR a", "INCR b", "INCRBY a 5", "GET a")
    assert [f"{SPACE}a", "incrby"] == await told(client)
    await quiet(client)
    await other.ask("DEL a")
    assert [f"{SPACE}a", "del"] == await told(client)
    await quiet(client)


async def test_a_name_that_is_new_and_one_that_expires(client: Client, other: Client) -> None:
    """The end of a life is told as `del`."""
    await client.ask(f"SUBSCRIBE {EVENT}incrby {EVENT}del")
    await client.receive()
    await other.ask("SET a 1 EX 1 NX")
    assert [f"{EVENT}incrby", "a"] == await told(client)
    began = trio.current_time()
    assert [f"{EVENT}del", "a"] == await told(client)
    assert 0.9 < trio.current_time() - began < 1.2


async def test_every_subscription_has_its_message(client: Client, other: Client) -> None:
    """Also if a change belongs to several; after an UNSUBSCRIBE no more."""
    await client.ask(f"SUBSCRIBE {SPACE}ab")
    await client.ask(f"PSUBSCRIBE {SPACE}a*")
    await client.ask("PSUBSCRIBE __key*__:ab")
    await client.ask(f"PSUBSCRIBE {SPACE}c*")
    await other.ask("INCR ab")
    found = [await told(client) for _ in range(3)]
    assert sorted(
        [
            [f"{SPACE}ab", "incrby"],
            [f"{SPACE}a*", f"{SPACE}ab", "incrby"],
            ["__key*__:ab", f"{SPACE}ab", "incrby"],
        ]
    ) == sorted(found)  # type: ignore[type-var]
    await client.ask(f"UNSUBSCRIBE {SPACE}ab")
    await client.ask("PUNSUBSCRIBE __key*__:ab")
    await other.ask("INCR ab")
    assert [f"{SPACE}a*", f"{SPACE}ab", "incrby"] == await told(client)
    await quiet(client)


async def test_resp3_marks_messages(client: Client, other: Client) -> None:
    """They may come between answers."""
    await client.ask("HELLO 3")
    await client.send(packed(f"SUBSCRIBE {SPACE}a"))
    await client.receive()
    await other.ask("INCR a")
    expected = f">3\r\n$7\r\nmessage\r\n$16\r\n{SPACE}a\r\n$6\r\nincrby\r\n"
    assert expected.encode() == await client.stream.receive_some()


async def test_more_changes_than_one_part(client: Client, other: Client) -> None:
    """All are told, in parts."""
    names = [f"n{number}" for number in range(5 * MOST)]
    await client.ask(f"PSUBSCRIBE {SPACE}n*")
    await client.ask(f"PSUBSCRIBE {EVENT}*")
    await other.ask_all(*[f"INCR {name}" for name in names])
    found = [plain(await client.receive())[2:] for _ in range(2 * len(names))]
    spaces = [[f"{SPACE}{name}", "incrby"] for name in names]
    events = [[f"{EVENT}incrby", name] for name in names]
    assert sorted(spaces + events) == sorted(found)
    await quiet(client)


async def test_a_pattern_that_seldom_matches(client: Client, other: Client) -> None:
    """What does not match may be many parts without a byte."""
    await client.ask(f"PSUBSCRIBE {SPACE}*z")
    await other.ask_all(*[f"INCR n{number}" for number in range(10 * MOST)], "INCR z")
    assert [f"{SPACE}*z", f"{SPACE}z", "incrby"] == await told(client)


async def test_a_connection_that_ends_watches_no_more(site: Site, client: Client) -> None:
    """Nor one that was reset."""
    watches = site.service._watches
    await client.ask("PSUBSCRIBE *")
    await client.ask(f"SUBSCRIBE {SPACE}a")
    assert (1, 1) == (len(watches._by_name), len(watches._by_prefix))
    await client.stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert (0, 0) == (len(watches._by_name), len(watches._by_prefix))
    again = site.connect()
    await again.ask("PSUBSCRIBE *")
    await again.ask("RESET")
    assert 0 == len(watches._by_prefix)


async def test_it_ends_with_its_token(autojump_clock: trio.testing.MockClock) -> None:
    """A client whose token was withdrawn is told nothing more, and its connection ends."""
    (secret, reads), (counting, counts) = new_token("read", "r"), new_token("count", "c")
    access = Access([reads, counts], lambda: 0.0)
    async with talking(autojump_clock, access=access) as site:
        client, other = site.connect(), site.connect()
        assert str(await client.ask("PSUBSCRIBE *")).startswith("-NOAUTH")
        await client.ask(f"AUTH {secret}")
        assert ["psubscribe", "*", 1] == await client.ask("PSUBSCRIBE *")
        await other.ask_all(f"AUTH {counting}", "INCR a")
        assert ["*", f"{SPACE}a", "incrby"] == await told(client)
        await client.receive()
        access.use([counts])
        await other.ask("INCR a")
        assert await client.receive() is None
        assert [] == site.errors
