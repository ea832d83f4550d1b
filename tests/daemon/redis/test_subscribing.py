"""The commands of subscriptions: their answers, and what else a client may send meanwhile."""

from __future__ import annotations

import pytest

from gossipd.daemon.redis.subscriptions import MOST_SUBSCRIPTIONS
from tests.daemon.redis.talking import Client, Site, packed, plain

SPACE, EVENT = "__keyspace@0__:", "__keyevent@0__:"


async def answers(client: Client, line: str, count: int) -> list[object]:
    """So many answers to one request."""
    await client.send(packed(line))
    return [plain(await client.receive()) for _ in range(count)]


async def test_each_argument_has_an_answer(client: Client) -> None:
    """Which tells how many subscriptions there are; one that was there counts once."""
    assert [
        ["subscribe", f"{SPACE}a", 1],
        ["subscribe", f"{EVENT}del", 2],
        ["subscribe", f"{SPACE}a", 2],
    ] == await answers(client, f"SUBSCRIBE {SPACE}a {EVENT}del {SPACE}a", 3)
    assert [["psubscribe", "*", 3]] == await answers(client, "Psubscribe *", 1)
    assert [["unsubscribe", "x", 3]] == await answers(client, "UNSUBSCRIBE x", 1)
    assert [
        ["unsubscribe", f"{SPACE}a", 2],
        ["unsubscribe", f"{EVENT}del", 1],
    ] == await answers(client, "UNSUBSCRIBE", 2)
    assert [["unsubscribe", None, 1]] == await answers(client, "UNSUBSCRIBE", 1)
    assert [["punsubscribe", "*", 0]] == await answers(client, "PUNSUBSCRIBE *", 1)
    assert 1 == await client.ask("INCR a")


async def test_in_resp2_only_some_commands_are_allowed(client: Client) -> None:
    """As long as there is a subscription."""
    await answers(client, "PSUBSCRIBE *", 1)
    allowed = "are allowed in this context"
    for line in "GET a", "INCR a", "MULTI", "HELLO 3", "incrby a 5":
        name = line.split()[0].lower()
        expected = f"-ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING /"
        assert f"{expected} QUIT / RESET {allowed}" == await client.ask(line)
    assert ["pong", ""] == await client.ask("PING")
    assert ["pong", "x"] == await client.ask("PING x")
    assert "RESET" == await client.ask("RESET")
    assert [None, "PONG"] == await client.ask_all("GET a", "PING")


async def test_in_resp3_all_are_allowed(client: Client) -> None:
    """Answers and messages are told apart by their marks."""
    await client.ask("HELLO 3")
    await client.send(packed("SUBSCRIBE a") + packed(f"SUBSCRIBE {SPACE}a"))
    assert str(await client.receive()).startswith("ERR there are the channels")
    assert ["subscribe", f"{SPACE}a", 1] == plain(await client.receive())
    assert ["PONG", 1, 2, "2"] == await client.ask_all("PING", "INCR a", "INCR a", "GET a")
    assert ["message", f"{SPACE}a", "incrby"] == plain(await client.receive())
    # With RESP2 the client is confined again.
    await client.ask("HELLO 2")
    assert "-ERR Can't execute 'get'" in str(await client.ask("GET a"))


async def test_quit(client: Client) -> None:
    """Ends the connection."""
    await answers(client, "PSUBSCRIBE *", 1)
    assert ["OK", None] == await answers(client, "QUIT", 2)


async def test_subscriptions_have_no_place_in_a_transaction(client: Client) -> None:
    """It is dropped."""
    refused = "-ERR Command not allowed inside a transaction"
    found = await client.ask_all("MULTI", f"SUBSCRIBE {SPACE}a", "UNSUBSCRIBE", "EXEC", "GET a")
    assert ["OK", refused, refused] == found[:3]
    assert str(found[3]).startswith("-EXECABORT")


async def test_how_many_there_may_be(site: Site, client: Client) -> None:
    """Of a request that goes beyond it nothing is taken."""
    names = [f"{SPACE}{number}" for number in range(MOST_SUBSCRIPTIONS)]
    found = await answers(client, f"SUBSCRIBE {' '.join(names[1:])}", len(names) - 1)
    assert MOST_SUBSCRIPTIONS - 1 == found[-1][-1]  # type: ignore[index]
    refused = f"-ERR a client has at most {MOST_SUBSCRIPTIONS} subscriptions"
    assert refused == await client.ask("PSUBSCRIBE * *a")
    assert refused == await client.ask(f"SUBSCRIBE {names[0]} {SPACE}more")
    assert ["psubscribe", "*", MOST_SUBSCRIPTIONS] == await client.ask("PSUBSCRIBE *")
    assert ["subscribe", names[1], MOST_SUBSCRIPTIONS] == await client.ask(f"SUBSCRIBE {names[1]}")


@pytest.mark.parametrize("line", ["SUBSCRIBE", "PSUBSCRIBE"])
async def test_without_arguments(client: Client, line: str) -> None:
    """There is nothing to subscribe to."""
    expected = f"-ERR wrong number of arguments for '{line.lower()}' command"
    assert expected == await client.ask(line)


async def test_what_config_tells(client: Client) -> None:
    """Clients look whether a server notifies at all."""
    found = await client.ask("CONFIG GET notify-keyspace-events")
    assert ["notify-keyspace-events", "g$KE"] == found
